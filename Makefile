# The front door to CMake: every target does its own set-up. `make` alone prints what there is.
.DEFAULT_GOAL := help
.PHONY: help run test bench gpu layers format check layout tidy sanitize deps program configure

HILUM_BUILD ?= build
HILUM_RUNS ?= runs
JOBS ?= $(shell nproc)
CMAKE_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=

# What `make run` draws (once; remove $(phantom) to draw another set) and trains.
PATIENTS ?= 200
SLICES ?= 3
SIZE ?= 64
EPOCHS ?= 50

build = cmake --build $(HILUM_BUILD) -j $(JOBS)
hilum = $(HILUM_BUILD)/hilum
phantom = $(HILUM_RUNS)/phantom
first = $(HILUM_RUNS)/first
sources = find kernels engine nets data apps tests bench -name '*.h' -o -name '*.cpp' -o -name '*.cu' \
  -o -name '*.cuh' | sort
# clang looks for omp.h among its own headers; this folder holds a link to the one of g++, whose
# two-argument __malloc__ attribute clang does not know.
omp = $(HILUM_BUILD)/omp
tidy = clang-tidy --quiet -p $(HILUM_BUILD) --extra-arg=-isystem$(abspath $(omp)) \
  '--extra-arg=-D__malloc__(free)=__malloc__'

help:  ## print this list
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1	/p' Makefile | expand -t 18
	@echo "Variables: HILUM_BUILD, HILUM_RUNS, JOBS, CMAKE_ARGS, TEST_ARGS, BENCH_ARGS; of make run:" \
	  "PATIENTS, SLICES, SIZE, EPOCHS."

run: program  ## draw a phantom set, train the sequential network on it, evaluate
	@test -f $(phantom)/manifest.csv || $(hilum) data phantom $(phantom) \
	  --patients $(PATIENTS) --slices $(SLICES) --size 128 --seed 0
	$(hilum) train --net cnn --data $(phantom) --size $(SIZE) --epochs $(EPOCHS) --batch-size 16 \
	  --schedule cosine --augment rotation=10,shift=0.05,zoom=0.1,flip --seed 0 \
	  --out $(first) --overwrite
	$(hilum) evaluate --run $(first) --data $(phantom) --split test --report
	@echo "The run folder is $(first) (open its report.html), the pictures are in $(phantom)."

test: configure  ## build and run all tests, count what was skipped and why
	@$(build) --target hilum_tests
	@rm -rf $(HILUM_BUILD)/results && mkdir -p $(HILUM_BUILD)/results
	@ctest --test-dir $(HILUM_BUILD) --output-on-failure \
	  --output-junit $(abspath $(HILUM_BUILD))/results/ctest.xml $(TEST_ARGS) || true
	@tests/house/summary.sh $(HILUM_BUILD)

bench: configure  ## time every kernel row beside the roof of this machine (BENCH_ARGS=...)
	@$(build) --target hilum_bench
	$(HILUM_BUILD)/hilum_bench $(BENCH_ARGS)

gpu: deps  ## what checks and times the CUDA rows, as a folder to copy to a machine with a GPU
	@bench/gpu/bundle.sh

layers:  ## fail on an #include that runs the wrong way
	@tests/house/layers.sh

format:  ## lay out the sources with clang-format
	@.ci/deps check
	@$(sources) | xargs clang-format -i

check: layout layers tidy  ## layout, layers, names and common mistakes (clang-tidy: minutes)

layout:
	@.ci/deps check
	@$(sources) | xargs clang-format --dry-run --Werror

tidy: configure
	@.ci/deps check
	@mkdir -p $(omp) && ln -sf $$(g++ -print-file-name=include/omp.h) $(omp)/omp.h
	@$(sources) | grep -E '^(kernels|engine|nets|data|apps)/.*\.cpp$$' | \
	  xargs -P $(JOBS) -n 1 $(tidy)

sanitize: deps  ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@+$(MAKE) --no-print-directory test HILUM_BUILD=$(HILUM_BUILD)-sanitize TEST_ARGS="-L floor $(TEST_ARGS)" \
	  CMAKE_ARGS="-DHILUM_SANITIZE=ON -DHILUM_BENCH=OFF $(CMAKE_ARGS)"

deps:  ## install what is missing, after saying what and why
	@.ci/deps

program: configure
	@$(build) --target hilum

configure: deps
	@cmake -S . -B $(HILUM_BUILD) $(CMAKE_ARGS)
