/*
 * Errors of a Node program, sent with @sentry/node as its users do:
 *
 *     node send.js report|hello|traffic DSN
 *
 * What sdk.py says in ET_SCOPE is set; the last line is "SENT" and what was
 * sent.
 */

'use strict';

const Sentry = require('@sentry/node');

const SCOPE = JSON.parse(process.env.ET_SCOPE);
const [, , mode, dsn] = process.argv;

const sent = {version: Sentry.SDK_VERSION};


class PaymentDeclined extends Error {
    constructor(message, options) {
        super(message, options);
        this.name = 'PaymentDeclined';
    }
}


function connect(host) {
    const error = new Error('connection refused by ' + host);
    error.name = 'ConnectionRefusedError';
    throw error;
}


function charge(order) {
    try {
        connect('payments.example.com');
    } catch (error) {
        throw new PaymentDeclined(`order ${order} not charged`,
                                  {cause: error});
    }
}


function findOrder(number, customer) {
    throw new RangeError(`order ${number} of ${customer} not found`);
}


function weigh(parcel) {
    return parcel.box.weight;
}


function captured(f, ...args) {
    try {
        f(...args);
    } catch (error) {
        return Sentry.captureException(error);
    }
}


function start(more) {
    Sentry.init({
        dsn,
        release: SCOPE.release,
        dist: SCOPE.dist,
        environment: SCOPE.environment,
        serverName: SCOPE.server_name,
        debug: true,
        beforeSend: (event) => (event.tags && event.tags.drop) ? null : event,
        ...more,
    });
}


const modes = {

    report() {
        start();

        Sentry.withScope((scope) => {
            scope.setUser(SCOPE.user);
            scope.setTags(SCOPE.tags);
            scope.setExtra('cart', SCOPE.extra);
            scope.setContext('order', SCOPE.context);
            scope.addBreadcrumb({category: 'cart', message: SCOPE.breadcrumb});
            scope.addEventProcessor((event) => {
                event.transaction = SCOPE.transaction;
                return event;
            });

            scope.setLevel('fatal');
            sent.chain = captured(charge, SCOPE.order);
            scope.setLevel('warning');
            sent.message = Sentry.captureMessage(SCOPE.message, 'warning');
        });

        sent.again = SCOPE.again.map(([number, customer]) =>
            Sentry.withScope((scope) => {
                scope.setUser({id: customer});
                return captured(findOrder, number, customer);
            }));

        sent.other = captured(weigh, {});

        Sentry.withScope((scope) => {
            for (const message of SCOPE.many) {
                scope.addBreadcrumb({category: 'many', message}, 100);
            }
            sent.large = Sentry.captureMessage('a large event');
        });
    },

    hello() {
        start();
        sent.hello = captured(weigh, {});
    },

    traffic() {
        const logs = typeof (Sentry.logger || {}).fmt === 'function';
        start({tracesSampleRate: 1.0, enableLogs: logs});
        sent.items = {transaction: {}};

        Sentry.setUser({id: SCOPE.user.id});
        Sentry.startSpan({name: 'nightly', op: 'task'}, (span) => {
            Sentry.startSpan({name: 'SELECT 1', op: 'db'}, () => {
                sent.traced = captured(weigh, {});
            });
            sent.trace_id = span.spanContext().traceId;
        });

        Sentry.withScope((scope) => {
            scope.addAttachment({
                filename: SCOPE.attachment.filename,
                data: Buffer.from(SCOPE.attachment.base64, 'base64'),
            });
            sent.attached = captured(findOrder, 1, 'c');
            sent.items.attachment = {event_id: sent.attached};
        });

        Sentry.withScope((scope) => {
            scope.setTag('drop', 'yes');
            captured(weigh, {});
        });

        const {slug, crontab, margin, max_runtime, timezone, duration} =
            SCOPE.monitor;
        const id = Sentry.captureCheckIn(
            {monitorSlug: slug, status: 'in_progress'},
            {schedule: {type: 'crontab', value: crontab},
             checkinMargin: margin, maxRuntime: max_runtime, timezone});
        Sentry.captureCheckIn({monitorSlug: slug, checkInId: id, status: 'ok',
                               duration});
        sent.items.check_in = {id, configured: true};

        if (Sentry.captureFeedback) {
            Sentry.captureFeedback({...SCOPE.feedback,
                                    associatedEventId: sent.traced});
            sent.items.feedback = {event_id: sent.traced};
        }

        if (logs) {
            const [name, text] = SCOPE.log.attribute;
            Sentry.logger.warn(SCOPE.log.warn);
            Sentry.logger.error(SCOPE.log.error, {[name]: text});
            sent.items.log = {};
        }

        /* the process's own, which ends with it; 8 does not say so */
        sent.items.session = {open: Sentry.SDK_VERSION.startsWith('8.')};

        /* 7 does not report what was dropped */
        if (!Sentry.SDK_VERSION.startsWith('7.')) {
            sent.items.client_report = {};
        }
    },
};


modes[mode]();

/* not close(): what the SDK counted is sent when the process ends by itself */
Sentry.flush(20000).then((done) => {
    console.log('SENT ' + JSON.stringify(sent));
    process.exitCode = done ? 0 : 1;
});
