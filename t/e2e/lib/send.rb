# Errors of a Ruby program, sent with sentry-ruby as its users do:
#
#     send.rb report|hello|traffic DSN
#
# What sdk.py says in ET_SCOPE is set; the last line is "SENT" and what was
# sent.

require "json"
require "sentry-ruby"

SCOPE = JSON.parse(ENV["ET_SCOPE"])
SENT = {version: Sentry::VERSION}

class PaymentDeclined < StandardError; end
class NotFound < StandardError; end

def connect(host)
  raise Errno::ECONNREFUSED, "connection refused by #{host}"
end

def charge(order)
  connect("payments.example.com")
rescue SystemCallError
  raise PaymentDeclined, "order #{order} not charged"
end

def find_order(number, customer)
  raise NotFound, "order #{number} of #{customer} not found"
end

def weigh(parcel)
  raise KeyError, "no weight" unless parcel.key?("weight")
end

def captured
  yield
rescue => error
  event = Sentry.capture_exception(error)
  event && event.event_id
end

def start(**more)
  Sentry.init do |config|
    config.dsn = ARGV[1]
    config.release = SCOPE["release"]
    config.environment = SCOPE["environment"]
    config.server_name = SCOPE["server_name"]
    config.background_worker_threads = 0
    config.send_default_pii = true
    config.logger = Logger.new($stderr)
    config.before_send = lambda do |event, hint|
      event.tags.key?(:drop) ? nil : event
    end
    more.each { |name, value| config.send("#{name}=", value) }
  end
end

def report
  start

  Sentry.with_scope do |scope|
    scope.set_user(SCOPE["user"])
    scope.set_tags(SCOPE["tags"])
    scope.set_extras(cart: SCOPE["extra"])
    scope.set_context("order", SCOPE["context"])
    scope.set_transaction_name(SCOPE["transaction"])
    Sentry.add_breadcrumb(Sentry::Breadcrumb.new(
      category: "cart", message: SCOPE["breadcrumb"]))

    scope.set_level(:fatal)
    SENT[:chain] = captured { charge(SCOPE["order"]) }
    scope.set_level(:warning)
    SENT[:message] = Sentry.capture_message(SCOPE["message"]).event_id
  end

  SENT[:again] = SCOPE["again"].map do |number, customer|
    Sentry.with_scope do |scope|
      scope.set_user(id: customer)
      captured { find_order(number, customer) }
    end
  end

  SENT[:other] = captured { weigh({}) }

  Sentry.with_scope do |scope|
    SCOPE["many"].each do |text|
      Sentry.add_breadcrumb(Sentry::Breadcrumb.new(
        category: "many", message: text))
    end
    SENT[:large] = Sentry.capture_message("a large event").event_id
  end
end

def hello
  start
  SENT[:hello] = captured { weigh({}) }
end

def traffic
  start(traces_sample_rate: 1.0, auto_session_tracking: true)
  items = SENT[:items] = {transaction: {}, session: {anonymous: true}}

  # a request's session; sentry-ruby sends how many there were a minute
  Sentry.with_session_tracking do
    transaction = Sentry.start_transaction(name: "nightly", op: "task")
    Sentry.get_current_scope.set_span(transaction)
    span = transaction.start_child(op: "db", description: "SELECT 1")
    SENT[:traced] = captured { weigh({}) }
    span.finish
    transaction.finish
    SENT[:trace_id] = transaction.trace_id
  end

  Sentry.with_scope do |scope|
    scope.set_tags(drop: "yes")
    captured { weigh({}) }
  end

  Sentry.session_flusher.flush
end

send(ARGV[0])
puts "SENT " + JSON.generate(SENT)
