# Errors of a Ruby program, sent with sentry-raven, the SDK before sentry-ruby,
# as its users do:
#
#     send_raven.rb report|hello|traffic DSN
#
# What sdk.py says in ET_SCOPE is set; the last line is "SENT" and what was
# sent.

require "json"
require "sentry-raven"

SCOPE = JSON.parse(ENV["ET_SCOPE"])
SENT = {version: Raven::VERSION}

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

def captured(**options)
  yield
rescue => error
  event = Raven.capture_exception(error, **options)
  event && event.id
end

def start
  Raven.configure do |config|
    config.dsn = ARGV[1]
    config.release = SCOPE["release"]
    config.current_environment = SCOPE["environment"]
    config.server_name = SCOPE["server_name"]
    config.logger = Logger.new($stderr)
  end
end

def report
  start

  Raven.user_context(SCOPE["user"])
  Raven.tags_context(SCOPE["tags"])
  Raven.extra_context(cart: SCOPE["extra"])
  Raven.breadcrumbs.record do |crumb|
    crumb.category = "cart"
    crumb.message = SCOPE["breadcrumb"]
  end

  SENT[:chain] = captured(level: "fatal",
                          transaction: SCOPE["transaction"]) do
    charge(SCOPE["order"])
  end
  # it takes any message for a format
  SENT[:message] = Raven.capture_message(
    SCOPE["message"].gsub("%", "%%"), level: "warning",
    transaction: SCOPE["transaction"]).id
  Raven::Context.clear!
  Raven::BreadcrumbBuffer.clear!

  SENT[:again] = SCOPE["again"].map do |number, customer|
    captured(user: {id: customer}) { find_order(number, customer) }
  end

  SENT[:other] = captured { weigh({}) }

  SCOPE["many"].each do |text|
    Raven.breadcrumbs.record do |crumb|
      crumb.category = "many"
      crumb.message = text
    end
  end
  SENT[:large] = Raven.capture_message("a large event").id
end

def hello
  start
  SENT[:hello] = captured { weigh({}) }
end

def traffic
  start
  SENT[:attached] = captured { weigh({}) }
  SENT[:items] = {}
end

send(ARGV[0])

puts "SENT " + JSON.generate(SENT)
