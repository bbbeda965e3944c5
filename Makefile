# What can be done here: make help.
#
# Everything that is made goes into build/, a folder for each way of building:
#
#     build/installed/     the module for the installed nginx
#     build/src-VERSION/   nginx and the module from a source tree
#     build/static-VERSION/, build/asan-VERSION/   nginx with the module in it
#     build/unit/{gcc,clang,asan}/                 the core's unit tests
#     build/fuzz/                                  its fuzz targets
#
# CC=clang, CFLAGS and LDFLAGS go to the compiler, V=1 shows its commands.

ifeq ($(origin CC),default)
CC =		gcc
endif

BUILD :=	$(CURDIR)/build
TOOLS :=	src/tools
MODULE :=	$(BUILD)/ngx_http_errortracking_module.so

# empty: the installed nginx
NGINX_SRC =

export BUILD CC CFLAGS LDFLAGS V


.PHONY: all module static asan nginx-src unit test test-unit test-nginx \
	test-e2e test-matrix test-image chaos bench bench-read fuzz sdks run demo schema \
	install-deps clean help

all: module

help:
	@echo 'make                     the module for the installed nginx'
	@echo 'make NGINX_SRC=DIR       nginx and the module from a source tree'
	@echo 'make static NGINX_SRC=DIR  nginx with the module in it'
	@echo 'make asan NGINX_SRC=DIR  the same with the sanitizers (clang)'
	@echo 'make nginx-src           fetches the newest nginx source of Debian'
	@echo
	@echo 'make run                 all of it here: ClickHouse and NGINX'
	@echo '                         (PORT, CLICKHOUSE_HTTP_PORT,'
	@echo '                         CLICKHOUSE_TCP_PORT, DATA_DIR,'
	@echo '                         CLICKHOUSE_URL)'
	@echo 'make demo                sends errors to it with a real SDK'
	@echo 'make schema              applies the schema to CLICKHOUSE_URL'
	@echo
	@echo 'make test                every test on the installed nginx'
	@echo 'make test-unit, test-nginx, test-e2e   a part of them'
	@echo 'make test-matrix         the newest nginx, source and binary, and'
	@echo '                         the sanitizers'
	@echo 'make test-image          builds and runs the container image'
	@echo 'make chaos               kills, stops and starves everything under'
	@echo '                         load, and compares what was acknowledged'
	@echo '                         with what ClickHouse has (15 minutes)'
	@echo 'make sdks                what real SDKs send, written to docs/sdks.md'
	@echo 'make fuzz                every fuzz target of the core, each for'
	@echo '                         FUZZ_SECONDS (14400), two at a time'
	@echo 'make bench               the table of what an event costs; ROWS=spool'
	@echo '                         a part: accept clickhouse disk zone spool'
	@echo
	@echo 'make install-deps        installs what all of that needs'
	@echo 'make clean               removes build/'


# The module

ifeq ($(NGINX_SRC),)
module:
	@$(TOOLS)/build.sh installed
else
module:
	@$(TOOLS)/build.sh source "$(NGINX_SRC)"
endif

static asan:
	@$(TOOLS)/build.sh $@ "$(NGINX_SRC)"

nginx-src:
	@$(TOOLS)/install.sh nginx-src


# The core's unit tests: each t/unit/test_NAME.c is a program, linked with
# the whole core.  The allocator is wrapped by the linker, so that the core
# under test is the core of the module, and a test can fail any allocation;
# so are the system calls of t/unit/et_fail_call.h.

UNIT_CFLAGS =	-std=gnu11 -O2 -g -Wall -Wextra -Werror -Isrc/core -Isrc/read -It/unit \
		-MMD -MP $(UNIT_HAVE)
UNIT_WRAPPED =	malloc calloc realloc open openat mkdir mkdirat fchown \
		ftruncate write pwrite pread fsync fdatasync renameat unlinkat \
		fstat fstatat flock fdopendir readdir
UNIT_LDFLAGS =	$(UNIT_WRAPPED:%=-Wl,--wrap=%)
# $(1): a header, $(2): its library; $(2) where both are there
have =		$(shell echo 'int main(void) { return 0; }' | gcc -include \
			$(1) -x c - -o /dev/null $(2) 2>/dev/null && echo $(2))

UNIT_BROTLI :=	$(call have,brotli/decode.h,-lbrotlidec)
UNIT_ZSTD :=	$(call have,zstd.h,-lzstd)
UNIT_DEFLATE :=	$(call have,libdeflate.h,-ldeflate)
UNIT_HAVE :=	$(if $(UNIT_BROTLI),-DET_HAVE_BROTLI=1) \
		$(if $(UNIT_ZSTD),-DET_HAVE_ZSTD=1) \
		$(if $(UNIT_DEFLATE),-DET_HAVE_LIBDEFLATE=1)
UNIT_LIBS =	-lcjson -lssl -lcrypto -lz $(UNIT_BROTLI) $(UNIT_ZSTD) \
		$(UNIT_DEFLATE) $(UNIT_BROTLI:dec=enc) -lm

UNIT_SANITIZE =	-fsanitize=address,undefined -fno-sanitize-recover=undefined \
		-fno-omit-frame-pointer

# nginx asks clang for this one, so the core has to pass it
UNIT_CLANG =	-Wconditional-uninitialized

UNIT_VARIANTS =	gcc clang asan

UNIT_NAMES :=	$(patsubst t/unit/%.c,%,$(sort $(wildcard t/unit/test_*.c)))
UNIT_HELPERS :=	$(filter-out $(UNIT_NAMES:%=t/unit/%.c), \
			$(sort $(wildcard t/unit/*.c)))
CORE_SRCS :=	$(sort $(wildcard src/core/*.c src/read/*.c))

# $(1): the variant, $(2): its compiler, $(3): its further flags, $(4): those
# of the core alone
define unit_variant
UNIT_$(1)_OBJS := $$(patsubst %.c,build/unit/$(1)/obj/%.o, \
			$$(CORE_SRCS) $$(UNIT_HELPERS))
UNIT_$(1) :=	$$(UNIT_NAMES:%=build/unit/$(1)/%)

build/unit/$(1)/obj/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(QUIET)$(2) $$(UNIT_CFLAGS) $$(if $$(filter src/core/% src/read/%,$$<),$(4)) $(3) \
		-c -o $$@ $$<

$$(UNIT_$(1)): build/unit/$(1)/%: build/unit/$(1)/obj/t/unit/%.o \
		$$(UNIT_$(1)_OBJS)
	$$(QUIET)$(2) $(3) $$(UNIT_LDFLAGS) -o $$@ $$^ $$(UNIT_LIBS)

-include $$(UNIT_$(1)_OBJS:.o=.d) \
	$$(UNIT_NAMES:%=build/unit/$(1)/obj/t/unit/%.d)
endef

QUIET =		$(if $(V),,@)

$(eval $(call unit_variant,gcc,gcc,))
$(eval $(call unit_variant,clang,clang,,$(UNIT_CLANG)))
$(eval $(call unit_variant,asan,clang,$(UNIT_SANITIZE),$(UNIT_CLANG)))

# an object that only a test program uses is not thrown away
.SECONDARY:

UNIT_PROGRAMS =	$(foreach v,$(UNIT_VARIANTS),$(UNIT_$(v)))

unit test-unit: $(UNIT_PROGRAMS)
	@$(TOOLS)/test.sh $(UNIT_PROGRAMS)


# The core's fuzz targets: each t/fuzz/fuzz_NAME.c is a program, libFuzzer's,
# with the whole core under the sanitizers.  See t/fuzz/run.

FUZZ_CFLAGS =	-std=gnu11 -O1 -g -Wall -Wextra -Werror -Isrc/core -Isrc/read -It/fuzz \
		-MMD -MP $(UNIT_HAVE) $(UNIT_SANITIZE)

FUZZ_PROGRAMS :=	$(patsubst t/fuzz/%.c,build/fuzz/%, \
			$(sort $(wildcard t/fuzz/fuzz_*.c)))
FUZZ_OBJS :=	$(patsubst %.c,build/fuzz/obj/%.o,$(CORE_SRCS) t/fuzz/et_fuzz.c)

build/fuzz/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(QUIET)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

$(FUZZ_PROGRAMS): build/fuzz/%: build/fuzz/obj/t/fuzz/%.o $(FUZZ_OBJS)
	$(QUIET)clang $(UNIT_SANITIZE) -fsanitize=fuzzer -o $@ $^ $(UNIT_LIBS)

-include $(FUZZ_OBJS:.o=.d) $(FUZZ_PROGRAMS:build/fuzz/%=build/fuzz/obj/t/fuzz/%.d)

FUZZ_SECONDS =	14400

fuzz: $(FUZZ_PROGRAMS)
	@ET_BUILD=$(BUILD) t/fuzz/run $(FUZZ_SECONDS)


# The suites.  test.sh starts a ClickHouse for them, stops it whatever
# happens, and ends with prove's summary.

NGINX_SUITES =	$(sort $(wildcard t/*.t))
FUZZ_SUITES =	t/fuzz/short.t
E2E_SUITES =	$(sort $(wildcard t/e2e/*.t))

test: install-deps
	@$(MAKE) --no-print-directory module $(UNIT_PROGRAMS) $(FUZZ_PROGRAMS)
	@ET_MODULE=$(MODULE) $(TOOLS)/test.sh $(UNIT_PROGRAMS) \
		$(FUZZ_SUITES) $(NGINX_SUITES) $(E2E_SUITES)

test-nginx: module
	@ET_MODULE=$(MODULE) $(TOOLS)/test.sh $(NGINX_SUITES)

test-e2e: module
	@ET_MODULE=$(MODULE) $(TOOLS)/test.sh $(E2E_SUITES)

# The table of docs/sdks.md, from what the SDKs' tests see.
sdks: module
	@ET_SDKS=write ET_MODULE=$(MODULE) $(TOOLS)/test.sh \
		$(wildcard t/e2e/sdk_*.t)

# On other nginx than the installed one: see t/matrix.sh.
test-matrix: install-deps
	@$(TOOLS)/install.sh image
	@t/matrix.sh

test-image: install-deps
	@$(TOOLS)/install.sh image
	@$(TOOLS)/test.sh t/image.sh

chaos: module
	@ET_NGINX=$${ET_NGINX:-} ET_MODULE=$(MODULE) ET_BUILD=$(BUILD) \
		t/chaos/chaos

bench: module
	@ET_NGINX=$${ET_NGINX:-nginx} ET_MODULE=$(MODULE) ET_BUILD=$(BUILD) \
		CORE_CFLAGS="$(UNIT_HAVE)" CORE_LIBS="$(UNIT_LIBS)" \
		ROWS="$(ROWS)" t/bench/run

bench-read: module
	@ET_NGINX=$${ET_NGINX:-} ET_MODULE=$(MODULE) ET_BUILD=$(BUILD) \
		t/bench/read


# The two commands

run:
	@$(TOOLS)/run.sh

demo:
	@command -v python3 >/dev/null \
		|| { echo "demo: python3 is missing; \"make run\" installs it" >&2; \
		     exit 1; }
	@python3 $(TOOLS)/demo.py

schema:
	@$(TOOLS)/schema.sh


install-deps:
	@$(TOOLS)/install.sh build run test

clean:
	rm -rf build
