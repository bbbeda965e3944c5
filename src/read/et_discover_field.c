/*
 * What is asked for of events: a field by its name, a function over fields,
 * or a tag.
 */

#include "et_discover_internal.h"
#include "et_discover_sql.h"


static int et_discover_named(et_call_t *call, et_discover_field_t *field);
static int et_discover_call(et_call_t *call, et_discover_field_t *field,
    size_t open);
static int et_discover_condition(et_call_t *call, et_discover_field_t *field,
    et_slice_t arguments);
static void et_discover_plain(et_slice_t name, et_discover_field_t *field);
static int et_discover_unknown(et_call_t *call, const char *what);
static int et_discover_alias(et_slice_t name, et_slice_t alias);


static const et_discover_function_t  et_discover_functions[] = {
    { "count",        ET_ARGUMENT_NONE,      ET_DISCOVER_INTEGER, 1,
      "sum(n)" },
    { "count_unique", ET_ARGUMENT_FIELD,     ET_DISCOVER_INTEGER, 1,
      "uniqIf(" },
    { "count_if",     ET_ARGUMENT_CONDITION, ET_DISCOVER_INTEGER, 1,
      "sumIf(n, " },
    { "any",          ET_ARGUMENT_FIELD,     ET_DISCOVER_STRING,  0,
      "toString(anyLast(" },
    { "last_seen",    ET_ARGUMENT_NONE,      ET_DISCOVER_TIME,    0,
      "max(timestamp)" },
    { "first_seen",   ET_ARGUMENT_NONE,      ET_DISCOVER_TIME,    0,
      "min(first_timestamp)" },
    { "max",          ET_ARGUMENT_TIME,      ET_DISCOVER_TIME,    0,
      "max(timestamp)" },
    { "min",          ET_ARGUMENT_TIME,      ET_DISCOVER_TIME,    0,
      "min(first_timestamp)" },
    { "latest_event", ET_ARGUMENT_NONE,      ET_DISCOVER_STRING,  0,
      "argMax(" ET_SQL_EVENT_HEX ", if(NOT body, toDateTime64(0, 6, "
      "'UTC'), timestamp))" },
    { "eps",          ET_ARGUMENT_NONE,      ET_DISCOVER_NUMBER,  1,
      "sum(n) / {seconds:UInt64}" },
    { "epm",          ET_ARGUMENT_NONE,      ET_DISCOVER_NUMBER,  1,
      "sum(n) / {seconds:UInt64} * 60" },
    { NULL, ET_ARGUMENT_NONE, ET_DISCOVER_STRING, 0, NULL }
};


int
et_discover_field(et_call_t *call, et_discover_t *discover, et_slice_t name)
{
    size_t                i;
    et_discover_field_t  *field;

    for (i = 0; i < discover->nfields; i++) {
        if (et_slice_eq(discover->fields[i].name, name)) {
            return (int) i;
        }
    }

    if (discover->nfields >= ET_DISCOVER_FIELDS) {
        et_call_fail(call, 400, "at most 20 fields can be asked for");
        return -1;
    }

    field = &discover->fields[discover->nfields];
    memset(field, 0, sizeof(et_discover_field_t));
    field->name = name;

    if (!et_discover_named(call, field)) {
        return -1;
    }

    return (int) discover->nfields++;
}


/* A field by its name: one of events, a function, or a tag. */

static int
et_discover_named(et_call_t *call, et_discover_field_t *field)
{
    const char  *open;
    et_slice_t   name;

    name = field->name;

    if (name.len == 0 || name.len > 200) {
        return et_discover_unknown(call, "a field has to have a name of at "
                                   "most 200 bytes");
    }

    open = memchr(name.data, '(', name.len);

    if (open != NULL && name.data[name.len - 1] == ')') {
        return et_discover_call(call, field, (size_t) (open - name.data));
    }

    if (memchr(name.data, '|', name.len) != NULL) {
        return et_discover_unknown(call, "equations can't be asked for");
    }

    et_discover_plain(name, field);

    return 1;
}


static int
et_discover_call(et_call_t *call, et_discover_field_t *field, size_t open)
{
    et_slice_t                     name, arguments;
    const et_discover_function_t  *f;

    name = et_slice(field->name.data, open);
    arguments = et_slice(field->name.data + open + 1,
                         field->name.len - open - 2);

    for (f = et_discover_functions; f->name != NULL; f++) {
        if (et_slice_eq(name, et_slice_str(f->name))) {
            break;
        }
    }

    field->function = f;
    field->type = f->type;

    if (f->name == NULL) {
        return et_discover_unknown(call, "a function of events is one of "
                                   "count, count_unique, count_if, any, "
                                   "last_seen, first_seen, max, min, "
                                   "latest_event, eps, epm");
    }

    switch (f->argument) {

    case ET_ARGUMENT_NONE:
        return arguments.len == 0
               || et_discover_unknown(call, "this function has no argument");

    case ET_ARGUMENT_TIME:
        return et_slice_eq(arguments, et_slice("timestamp", 9))
               || et_discover_unknown(call, "min and max are of timestamp");

    case ET_ARGUMENT_CONDITION:
        return et_discover_condition(call, field, arguments);

    default:
        break;
    }

    if (arguments.len == 0) {
        return et_discover_unknown(call, "this function needs a field");
    }

    et_discover_plain(arguments, field);
    field->type = f->type;

    return 1;
}


/* count_if(field,operator,value) */

static int
et_discover_condition(et_call_t *call, et_discover_field_t *field,
    et_slice_t arguments)
{
    size_t       i;
    et_slice_t   parts[3];
    const char  *comma;

    static const char *const  ops[] = {
        "equals", "notEquals", "less", "lessOrEquals", "greater",
        "greaterOrEquals", NULL
    };

    for (i = 0; i < 2; i++) {
        comma = arguments.len == 0 ? NULL
                : memchr(arguments.data, ',', arguments.len);

        if (comma == NULL) {
            return et_discover_unknown(call, "count_if is of a field, an "
                                       "operator and a value");
        }

        parts[i] = et_slice(arguments.data,
                            (size_t) (comma - arguments.data));
        arguments = et_slice(comma + 1,
                             arguments.len - parts[i].len - 1);

        while (arguments.len != 0 && arguments.data[0] == ' ') {
            arguments.data++;
            arguments.len--;
        }
    }

    for (i = 0; ops[i] != NULL; i++) {
        if (et_slice_eq(parts[1], et_slice_str(ops[i]))) {
            break;
        }
    }

    if (ops[i] == NULL || parts[0].len == 0) {
        return et_discover_unknown(call, "count_if has an operator of "
                                   "equals, notEquals, less, lessOrEquals, "
                                   "greater, greaterOrEquals");
    }

    if (arguments.len >= 2 && arguments.data[0] == '"'
        && arguments.data[arguments.len - 1] == '"')
    {
        arguments = et_slice(arguments.data + 1, arguments.len - 2);
    }

    et_discover_plain(parts[0], field);
    field->type = ET_DISCOVER_INTEGER;
    field->op = (unsigned) i;
    field->value = arguments;

    return 1;
}


static void
et_discover_plain(et_slice_t name, et_discover_field_t *field)
{
    field->column = et_discover_column(name);

    if (field->column != NULL) {
        field->type = field->column->type;
        return;
    }

    field->type = ET_DISCOVER_STRING;
    field->tag = et_discover_tag(name);
}


static int
et_discover_unknown(et_call_t *call, const char *what)
{
    et_call_fail(call, 400, what);

    return 0;
}


int
et_discover_sort(et_call_t *call, et_discover_t *discover, et_slice_t name)
{
    int     n;
    size_t  i;

    discover->descending = 0;

    if (name.len != 0 && name.data[0] == '-') {
        discover->descending = 1;
        name = et_slice(name.data + 1, name.len - 1);
    }

    if (name.len == 0) {
        return 1;
    }

    for (i = 0; i < discover->nfields; i++) {
        if (et_slice_eq(discover->fields[i].name, name)
            || et_discover_alias(discover->fields[i].name, name))
        {
            discover->sort = (int) i;
            return 1;
        }
    }

    n = et_discover_field(call, discover, name);

    if (n == -1) {
        return 0;
    }

    discover->fields[n].hidden = 1;
    discover->sort = n;

    return 1;
}


/* "count_unique(user.id)" is "count_unique_user_id", too, and "count()" is
 * "count". */

static int
et_discover_alias(et_slice_t name, et_slice_t alias)
{
    char    c;
    size_t  i, n;

    for (i = 0, n = 0; i < name.len; i++) {
        c = name.data[i];

        if (c == ')' || (c == '(' && i + 2 == name.len)) {
            continue;
        }

        if (c == '(' || c == ',' || c == '.') {
            c = '_';
        }

        if (n == alias.len || alias.data[n++] != c) {
            return 0;
        }
    }

    return n == alias.len;
}
