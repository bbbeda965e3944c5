/*
 * The dialog that asks a user what has happened: what the browser SDK's
 * showReportDialog() loads as a script, GET /api/embed/error-page/?dsn=...
 * &eventId=..., and whose form it posts there.
 *
 * One script for all: what differs (texts, the user's name) is in the query,
 * which the script reads from its own address.  So nothing of a client's is
 * written into it.
 */

#include "ngx_http_errortracking.h"


static u_char  ngx_http_errortracking_dialog_script[] =
    "(function () {\n"
    "  var script = document.currentScript;\n"
    "  var url = script && script.src;\n"
    "  if (!url || document.getElementById('errortracking-dialog')) { "
    "return; }\n"
    "  var options = {};\n"
    "  url.split('?')[1].split('&').forEach(function (pair) {\n"
    "    var at = pair.indexOf('=');\n"
    "    options[pair.slice(0, at)] =\n"
    "      decodeURIComponent(pair.slice(at + 1).replace(/\\+/g, ' '));\n"
    "  });\n"
    "  function say(name, otherwise) { return options[name] || otherwise; }\n"
    "  function element(name, set, children) {\n"
    "    var e = document.createElement(name);\n"
    "    Object.keys(set).forEach(function (key) {\n"
    "      if (key === 'style') { e.style.cssText = set[key]; }\n"
    "      else { e[key] = set[key]; }\n"
    "    });\n"
    "    (children || []).forEach(function (child) { e.appendChild(child); "
    "});\n"
    "    return e;\n"
    "  }\n"
    "  function field(label, name, value, kind) {\n"
    "    var input = element(kind || 'input', {\n"
    "      name: name, value: value || '', required: true,\n"
    "      style: 'display:block;width:100%;box-sizing:border-box;' +\n"
    "             'padding:8px;' +\n"
    "             'margin:4px 0 12px;font:inherit;border:1px solid #aaa;' +\n"
    "             'border-radius:4px' + (kind ? ';height:96px' : '')\n"
    "    });\n"
    "    if (name === 'email') { input.type = 'email'; }\n"
    "    return element('label', { style: 'display:block' },\n"
    "      [document.createTextNode(label), input]);\n"
    "  }\n"
    "  var error = element('p', { style: 'color:#b00;display:none',\n"
    "    textContent: say('errorGeneric',\n"
    "      'An unknown error occurred while submitting your report.') });\n"
    "  var submit = element('button', { type: 'submit',\n"
    "    textContent: say('labelSubmit', 'Submit Report'),\n"
    "    style: 'padding:8px 16px;font:inherit' });\n"
    "  var close = element('button', { type: 'button',\n"
    "    textContent: say('labelClose', 'Close'),\n"
    "    style: 'padding:8px 16px;margin-left:8px;font:inherit' });\n"
    "  var form = element('form', {}, [\n"
    "    field(say('labelName', 'Name'), 'name', options.name),\n"
    "    field(say('labelEmail', 'Email'), 'email', options.email),\n"
    "    field(say('labelComments', 'What happened?'), 'comments', '', "
    "'textarea'),\n"
    "    error, submit, close]);\n"
    "  var box = element('div', {\n"
    "    style: 'max-width:520px;margin:8vh "
    "auto;padding:24px;background:#fff;' +\n"
    "           'color:#222;font:15px/1.4 sans-serif;border-radius:8px;' +\n"
    "           'max-height:80vh;overflow:auto' }, [\n"
    "    element('h2', { style: 'margin:0 0 8px', textContent:\n"
    "      say('title', 'It looks like we\\u2019re having issues.') }),\n"
    "    element('p', { textContent:\n"
    "      say('subtitle', 'Our team has been notified.') + ' ' +\n"
    "      say('subtitle2', 'If you\\u2019d like to help, tell us what "
    "happened below.')\n"
    "    }), form]);\n"
    "  var dialog = element('div', { id: 'errortracking-dialog',\n"
    "    style: 'position:fixed;inset:0;z-index:2147483647;overflow:auto;' "
    "+\n"
    "           'background:rgba(0,0,0,.6)' }, [box]);\n"
    "  dialog.setAttribute('role', 'dialog');\n"
    "  dialog.setAttribute('aria-modal', 'true');\n"
    "  function end() {\n"
    "    dialog.remove();\n"
    "    window.postMessage('__sentry_reportdialog_closed__', '*');\n"
    "  }\n"
    "  close.onclick = end;\n"
    "  dialog.onkeydown = function (event) {\n"
    "    if (event.key === 'Escape') { end(); }\n"
    "  };\n"
    "  form.onsubmit = function (event) {\n"
    "    var request = new XMLHttpRequest();\n"
    "    event.preventDefault();\n"
    "    submit.disabled = true;\n"
    "    request.open('POST', url);\n"
    "    request.setRequestHeader('Content-Type',\n"
    "      'application/x-www-form-urlencoded');\n"
    "    request.onload = request.onerror = function () {\n"
    "      submit.disabled = false;\n"
    "      if (request.status !== 200) { error.style.display = ''; return; "
    "}\n"
    "      box.textContent = '';\n"
    "      box.appendChild(element('p', { textContent: "
    "say('successMessage',\n"
    "        'Your feedback has been sent. Thank you!') }));\n"
    "      box.appendChild(close);\n"
    "      close.focus();\n"
    "    };\n"
    "    request.send(['name', 'email', 'comments'].map(function (name) {\n"
    "      return name + '=' + "
    "encodeURIComponent(form.elements[name].value);\n"
    "    }).join('&'));\n"
    "  };\n"
    "  document.body.appendChild(dialog);\n"
    "  form.elements[options.name ? 'comments' : 'name'].focus();\n"
    "  window.postMessage('__sentry_reportdialog_opened__', '*');\n"
    "})();\n";


ngx_int_t
ngx_http_errortracking_dialog(ngx_http_request_t *r)
{
    if (ngx_http_discard_request_body(r) != NGX_OK) {
        r->keepalive = 0;
    }

    return ngx_http_errortracking_reply(r, NGX_HTTP_OK,
                                 "application/javascript",
                                 ngx_http_errortracking_dialog_script,
                                 sizeof(ngx_http_errortracking_dialog_script)
                                 - 1);
}
