/*
 * Names as compilers, frameworks, bundlers and SDKs make them up, brought
 * back to what a person wrote.
 *
 * Each rule takes a name in a buffer, makes it shorter in place in one pass,
 * and returns its new length.  A name that no rule is for stays as it is.
 */

#ifndef ET_FRAME_NAME_H
#define ET_FRAME_NAME_H

#include "et_slice.h"


/* Of any platform: a::b::h0123456789abcdef loses Rust's hash, and what SDKs
 * write where there is no name ("?", "<anonymous>", an address) becomes "". */
size_t et_name_any(char *name, size_t len);

/*
 * Foo$$Lambda$14/0x0000000800c2 and Foo$$EnhancerBySpringCGLIB$$3f2a9c1b lose
 * the made-up parts behind a '$' or a '/', GeneratedMethodAccessor12 and
 * $Proxy12 their number.
 */
size_t et_name_jvm(char *name, size_t len);

/*
 * class@anonymous<NUL>/path.php:12$0::run is class@anonymous::run (the NUL is
 * something else by now), {closure:/path.php:12} is {closure}.
 */
size_t et_name_php(char *name, size_t len);

/* block in run and rescue in run are run; a compiled template's name
 * (_app_views_users_show_html_erb___4096_70123) loses its numbers. */
size_t et_name_ruby(char *name, size_t len);

/* <Run>d__12 is <Run>d__, <>c__DisplayClass1_0 is <>c__DisplayClass: closures
 * and state machines are numbered as they come. */
size_t et_name_dotnet(char *name, size_t len);

/* closure #1 in f() is closure in f(). */
size_t et_name_swift(char *name, size_t len);

/* main.run.func1.2 is main.run.func: closures are numbered as they come. */
size_t et_name_go(char *name, size_t len);

/*
 * What browsers call one function: Object.run [as handler], async run and
 * run/< are all run.  Webpack calls a module by its path (Module../a/b.js is
 * ./a/b.js), or by a number, which is no name.
 */
size_t et_name_javascript(char *name, size_t len);

/* main.3f2a9c1b.js, main-3f2a9c1b77.js and main.2.js are main.js; what is
 * nothing but a hash or a number is *.js. */
size_t et_name_asset(char *name, size_t len);


static inline int
et_is_digit(char c)
{
    return c >= '0' && c <= '9';
}


static inline int
et_starts_with(const char *name, size_t len, et_slice_t start)
{
    return len >= start.len && memcmp(name, start.data, start.len) == 0;
}


#endif /* ET_FRAME_NAME_H */
