# Everything a new machine needs: `make demo` or `make test`. Nothing has to be set up before.
# On Debian and Ubuntu only git, make and (when not root) one printed apt-get command are needed first.

PYTHON ?= python3
VENV := .venv
LIGHT := .venv-light
BENCH := .venv-bench
INTEROP := clax sardine concordia
INTEROP_OUT := build/interop
PIP := -m pip --quiet --disable-pip-version-check
PYTEST := -m pytest -q
# Most tests wait for streams and programs, so two run at once; each process has a home, LSL ports and threads of its own.
TWICE := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: setup system demo test check tests journey pictures tests-without-torch tests-without-qt bench \
	interop interop-exports $(INTEROP:%=interop-%) clean

setup: system $(VENV)/.installed

system:
	@PYTHON="$(PYTHON)" bash scripts/system_packages.sh

$(VENV)/.installed: pyproject.toml | system
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python $(PIP) install -e '.[tune,cluster,serve,gym,test]'
	@touch $@

demo: setup
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname -s)" = Darwin ]; \
	then $(VENV)/bin/gazetwin demo --out demo-out; \
	else $(VENV)/bin/gazetwin demo --headless --out demo-out; fi

test: check tests journey tests-without-torch tests-without-qt

check: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy scripts benchmarks
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python scripts/check_wheel.py
	$(VENV)/bin/python scripts/size_budget.py

tests: setup
	OMP_NUM_THREADS=1 $(VENV)/bin/python $(PYTEST) $(TWICE) --junitxml=build/tests.xml
	$(VENV)/bin/python scripts/no_skips.py build/tests.xml

# A lab assistant's whole session in real windows, on two (virtual) monitors.
journey: setup
	scripts/two_screens.sh $(VENV)/bin/python $(PYTEST) --junitxml=build/journey.xml tests/journey
	$(VENV)/bin/python scripts/no_skips.py build/journey.xml

# The pictures of the rooms in docs/, taken on the way.
pictures: setup
	GAZETWIN_PICTURES=docs/images/studio scripts/two_screens.sh $(VENV)/bin/python $(PYTEST) tests/journey

# The proofs by absence: the studio never needs torch, and the packages below it never need Qt.
$(LIGHT)/.installed: pyproject.toml | system
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/python $(PIP) install -e '.[test]'
	@touch $@

tests-without-torch: setup $(LIGHT)/.installed
	$(LIGHT)/bin/python -c 'import PySide6' || $(LIGHT)/bin/python $(PIP) install -e '.[test]'
	! $(LIGHT)/bin/python -c 'import torch' 2>/dev/null
	$(LIGHT)/bin/python $(PYTEST) $(TWICE) -m 'not engine' --junitxml=build/without-torch.xml tests/studio tests/test_house.py
	$(LIGHT)/bin/python scripts/no_skips.py build/without-torch.xml

tests-without-qt: setup tests-without-torch
	$(LIGHT)/bin/python $(PIP) uninstall -y PySide6-Essentials PySide6-Addons shiboken6
	! $(LIGHT)/bin/python -c 'import PySide6' 2>/dev/null
	$(LIGHT)/bin/python $(PYTEST) $(TWICE) -p no:pytest-qt -m 'not engine' --junitxml=build/without-qt.xml \
		tests/protocols tests/acquisition tests/sessions
	$(LIGHT)/bin/python scripts/no_skips.py build/without-qt.xml

# What ours is compared with brings dependencies that change what pandas does; so it lives apart.
$(BENCH)/.installed: pyproject.toml | system
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python $(PIP) install -e '.[bench]'
	@touch $@

bench: setup $(BENCH)/.installed
	$(VENV)/bin/python -m benchmarks

# Exports made by us, loaded by the other programs themselves. Not a part of `make test`: the environments have 3 GB and more.
interop: $(INTEROP:%=interop-%)

interop-exports: setup
	PYTHONPATH=. $(VENV)/bin/python tests/interop/make_exports.py $(INTEROP_OUT)

$(INTEROP:%=.venv-interop-%/.installed): .venv-interop-%/.installed: pyproject.toml | system
	$(PYTHON) -m venv $(@D)
	$(PYTHON) scripts/extra.py interop-$* > $(@D)/requirements.txt
	$(@D)/bin/python $(PIP) install -r $(@D)/requirements.txt
	@touch $@

$(INTEROP:%=interop-%): interop-%: .venv-interop-%/.installed interop-exports
	$(<D)/bin/python $(PYTEST) -c tests/interop/pytest.ini --exports $(INTEROP_OUT) tests/interop/test_interop_$*.py

clean:
	rm -rf $(VENV) $(LIGHT) $(BENCH) $(INTEROP:%=.venv-interop-%) build dist demo-out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
