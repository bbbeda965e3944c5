/*
 * Errors of a web page, sent with @sentry/browser as its users do: bundled,
 * on a page of another origin than what it is sent to.  ET is what browser.py
 * writes: {mode, dsn, scope, options}.  What was sent is asked of the page's
 * own server as a query, which is in that server's log.
 */

import * as Sentry from '@sentry/browser';

const SCOPE = ET.scope;
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


/* of its own, as a message's stack is what it is grouped by */

function large() {
    return Sentry.withScope((scope) => {
        for (const message of SCOPE.many) {
            scope.addBreadcrumb({category: 'many', message}, 100);
        }
        return Sentry.captureMessage('a large event');
    });
}


function start(more) {
    /* 7's spans, which its own bundles would bring */
    if (Sentry.addTracingExtensions) {
        Sentry.addTracingExtensions();
    }

    Sentry.init({
        dsn: ET.dsn,
        release: SCOPE.release,
        dist: SCOPE.dist,
        environment: SCOPE.environment,
        debug: true,
        beforeSend: (event) => (event.tags && event.tags.drop) ? null : event,
        ...ET.options,
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

        sent.large = large();
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
                data: Uint8Array.from(atob(SCOPE.attachment.base64),
                                      (c) => c.charCodeAt(0)),
            });
            sent.attached = captured(findOrder, 1, 'c');
            sent.items.attachment = {event_id: sent.attached};
        });

        if (Sentry.captureFeedback) {
            Sentry.captureFeedback({...SCOPE.feedback,
                                    associatedEventId: sent.traced});
            sent.items.feedback = {event_id: sent.traced};
        } else {
            const {message, email, name} = SCOPE.feedback;
            Sentry.captureUserFeedback({event_id: sent.traced, email, name,
                                        comments: message});
            sent.items.feedback = {event_id: sent.traced, report: true};
        }

        if (logs) {
            const [name, text] = SCOPE.log.attribute;
            Sentry.logger.warn(SCOPE.log.warn);
            Sentry.logger.error(SCOPE.log.error, {[name]: text});
            sent.items.log = {};
        }

        Sentry.withScope((scope) => {
            scope.setTag('drop', 'yes');
            captured(weigh, {});
        });
        sent.items.client_report = {};

        /* the page's own: a page has no end that the SDK would tell */
        sent.items.session = {open: true};
    },
};


/* The condition's first true value; the page ends without one. */

async function until(condition) {
    for (;;) {
        const value = await condition();
        if (value) {
            return value;
        }
        await new Promise((next) => setTimeout(next, 50));
    }
}


/* what a person does in the dialog */

modes.dialog = async () => {
    modes.hello();
    Sentry.showReportDialog({eventId: sent.hello});

    const form = await until(() =>
        document.querySelector('[role=dialog] form'));
    const {message, email, name} = SCOPE.feedback;
    form.elements.name.value = name;
    form.elements.email.value = email;
    form.elements.comments.value = message;

    const dialog = form.closest('[role=dialog]');
    form.requestSubmit();
    await until(() => dialog.textContent.includes('Thank you'));
};


/* Chromium's own report: when it has come is in the tracker's log */

modes.policy = async () => {
    start();
    new Image().src = '/forbidden.png';
    await until(async () => (await (await fetch('/seen')).text())
        .includes('/security/'));
};


/* what was dropped is sent when the page is hidden, as by closing it */

function hidden() {
    Object.defineProperty(document, 'visibilityState',
                          {value: 'hidden', configurable: true});
    document.dispatchEvent(new Event('visibilitychange'));
}


(async () => {
    let failure;
    try {
        await modes[ET.mode]();
        if (!await Sentry.flush(20000)) {
            failure = 'not all was sent';
        }
        hidden();
        await new Promise((done) => setTimeout(done, 300));
        await Sentry.flush(20000);
    } catch (error) {
        failure = String(error.stack);
    }
    await fetch('/done?' + encodeURIComponent(
        JSON.stringify(failure ? {failure} : sent)));
})();
