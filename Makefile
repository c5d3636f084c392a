# The doors. `make run` serves, `make test` proves; both install what is missing first.
# Recipes do not use the active virtual environment: everything is in .venv of this checkout.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
# Tests by file to two workers: fixtures of a module are made once, and two is what a small machine has.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test deep lint docs bench fuzz-api fuzz-files clients setup setup-test assets clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/ —/' | sed 's/^/  make /'

run: ## 安装缺少的，启动数据库和网页服务 / install what is missing, start the database and serve (UP="--empty")
	@$(PYTHON) scripts/setup run && exec $(BIN)/wangge up --parent $$PPID $(UP)

test: setup-test lint ## 全部测试 / lint and the whole suite
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile

deep: setup-test ## 随机试验多跑许多例 / the slow random walks with many more examples
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --hypothesis-profile=deep \
	  $$(grep -rlE --include='test_*.py' '\beffort\(' tests)

lint: setup ## ruff, mypy, import-linter
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: setup ## 由代码写出 docs/errors.md / write docs/errors.md from the code
	@$(BIN)/python -m scripts.errors

bench: setup ## 性能比值，对照组装在 .venv-bench / the ratios beside peers (BENCH="--points 200000 --only serving")
	@$(BIN)/python -m bench $(BENCH)

fuzz-api: setup-test ## 随机请求 20,000 次，四种角色 / 20,000 random requests over four roles (FUZZ_CASES=2000)
	@$(BIN)/pytest -q -s -p no:randomly tests/fuzz/api.py

fuzz-files: setup-test ## 2000 个损坏的上传，不得有 500 / damaged uploads without a 500 (CASES=2000 SEED=0)
	@FUZZ_FILES=$(or $(CASES),2000) FUZZ_SEED=$(or $(SEED),0) $(BIN)/pytest -q -p no:randomly tests/app/drafts/test_damaged_files.py

clients: ## 生成 Python 与 TypeScript 客户端 / client packages for Python and TypeScript, in dist/clients
	@$(PYTHON) scripts/setup clients
	@$(BIN)/python scripts/clients

setup: ## 只安装，不启动 / install only
	@$(PYTHON) scripts/setup run

setup-test: ## 安装，含测试所需 / install, with what tests need
	@$(PYTHON) scripts/setup test

assets: ## 重新取前端文件 / fetch the front-end files again
	@rm -rf app/web/static/vendor && $(PYTHON) scripts/setup run

clean: ## 删除安装出来的文件，不动数据 / remove what was installed; data stays
	rm -rf .venv .venv-bench .venv-clients app/web/node_modules app/web/static/vendor .mypy_cache .ruff_cache .pytest_cache *.egg-info
