# Every target is one short script in tests/run/.
.PHONY: demo test lint fmt bench soak screenshots audit

demo:         ## build and run the demo ecosystem; prints the address when it is ready
	@tests/run/demo
test:         ## everything, with real PostgreSQL, Redis, Chromium and foreign clients
	@tests/run/test
lint:         ## formatting, clippy, cargo-deny
	@tests/run/lint
fmt:          ## format the sources
	@cargo fmt
bench:        ## a table of ratios and target/bench/report.json
	@tests/run/bench
soak:         ## long faults and races; not part of CI
	@tests/run/soak
screenshots:  ## every page in each locale, theme and width, into screenshots/
	@tests/run/screenshots
audit:        ## known vulnerabilities of the dependencies; needs the advisory database's host
	@tests/run/audit
