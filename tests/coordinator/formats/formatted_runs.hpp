#pragma once
// Reports of runs that never took place, as every format gets them, and one whose names are attacks.

#include <string>

#include "coordinator/report/json_report.hpp"
#include "coordinator/report/reading/reported_run.hpp"
#include "tests/coordinator/sample_runs.hpp"

namespace squall::tests {

inline std::string json_of(const coordinator::RunRecord& record) {
  return coordinator::json_report(coordinator::make_run_report(record), record);
}

inline coordinator::ReportedRun reported(const coordinator::RunRecord& record) {
  return coordinator::read_reported_run(json_of(record));
}

/// Whoever named these hoped that a page, a table or a pull request would take them for markup.
inline coordinator::RunRecord hostile_record() {
  coordinator::RunRecord record = troubled_record();
  record.scenario.name = "<script>alert(1)</script>";
  record.scenario.description = "=HYPERLINK(\"http://evil\",\"x\") | ![i](http://evil) @everyone #1";
  record.scenario_text = "name = \"<script>alert(1)</script>\"\n";
  record.scenario_file = "</script><b>.toml";
  record.agents[0].hello.name = "]]><b onload=\"x\">&amp;\n# heading";
  record.agents[0].hello.host = "\"><i>";
  record.agents[0].ready->model_name = "`code` **bold** www.evil.example";
  actors::MetricsSnapshot errors = moment_in_window();
  errors[actors::Phase::measure].errors = {{"=cmd|' /C calc'!A0", 1}, {"<img src=x>", 1}};
  record.timeline.add(0, errors);
  return record;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace squall::tests
