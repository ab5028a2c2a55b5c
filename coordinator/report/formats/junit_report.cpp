#include "coordinator/report/formats/junit_report.hpp"

#include <array>
#include <cstdio>

#include "coordinator/report/formats/report_words.hpp"
#include "coordinator/text/markup_text.hpp"

namespace squall::coordinator {

namespace {

/// What a test came to; `type` and `message` say why it did not pass.
struct Ending {
  enum class Kind { passed, failure, error, skipped } kind = Kind::passed;
  std::string type{}, message{};
};

class Suite {
 public:
  void add(const char* group, const std::string& name, const Ending& ending) {
    ++tests_;
    cases_ += "  <testcase classname=\"squall." + std::string(group) +
              "\" name=" + xml_attribute(name) + " time=\"0\"";
    switch (ending.kind) {
      case Ending::Kind::passed:
        cases_ += "/>\n";
        return;
      case Ending::Kind::failure:
        ++failures_;
        explain("failure", ending);
        return;
      case Ending::Kind::error:
        ++errors_;
        explain("error", ending);
        return;
      case Ending::Kind::skipped:
        ++skipped_;
        cases_ +=
            ">\n    <skipped message=" + xml_attribute(ending.message) + "/>\n  </testcase>\n";
        return;
    }
  }

  std::string xml(const ReportedRun& run) const;

 private:
  void explain(const char* element, const Ending& ending) {
    cases_ += std::string(">\n    <") + element + " type=" + xml_attribute(ending.type) +
              " message=" + xml_attribute(ending.message) + "/>\n  </testcase>\n";
  }

  std::size_t tests_ = 0, failures_ = 0, errors_ = 0, skipped_ = 0;
  std::string cases_;
};

std::string property(const char* name, const std::string& value) {
  return std::string("    <property name=\"") + name + "\" value=" + xml_attribute(value) + "/>\n";
}

/// "2026-11-21T06:33:41": the format knows no zone.
std::string timestamp_of(const ReportedRun& run) {
  std::string instant = run.started_at;
  if (instant.ends_with('Z')) instant.pop_back();
  return instant.empty() ? "1970-01-01T00:00:00" : instant;
}

std::string host_of(const ReportedRun& run) {
  const bool known = !run.agents.empty() && !run.agents.front().host.empty();
  return known ? run.agents.front().host : "unknown";
}

std::string Suite::xml(const ReportedRun& run) const {
  std::array<char, 32> length{};
  std::snprintf(length.data(), length.size(), "%.3f", run.window.value_or(0));
  const auto count = [](const char* name, std::size_t value) {
    return std::string(" ") + name + "=\"" + std::to_string(value) + "\"";
  };
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=" +
                     xml_attribute("squall run " + run.scenario) +
                     " timestamp=" + xml_attribute(timestamp_of(run)) +
                     " hostname=" + xml_attribute(host_of(run)) + count("tests", tests_) +
                     count("failures", failures_) + count("errors", errors_) +
                     count("skipped", skipped_) + " time=\"" + length.data() +
                     "\">\n  <properties>\n";
  text += property("run", run.run) + property("tool_version", run.tool_version) +
          property("scenario_hash", run.scenario_hash) + property("load", run.load) +
          property("target", run.target_kind) +
          property("hardware_fingerprint", run.hardware_fingerprint);
  for (const std::string& banner : run.banners) text += property("banner", banner);
  text += "  </properties>\n" + cases_ + "  <system-out>";
  for (const ReportedAuditLine& line : run.audit)
    if (line.status == "warning")
      text += xml_text("warning: " + line.name + ": " + audit_text(line)) + "\n";
  return text + "</system-out>\n  <system-err></system-err>\n</testsuite>\n";
}

Ending ending_of(const ReportedRun& run) {
  if (run.outcome == "pass") return {};
  return {run.outcome == "fail" ? Ending::Kind::failure : Ending::Kind::error, run.outcome,
          run.sentence};
}

Ending ending_of(const ReportedThreshold& threshold) {
  if (threshold.status == "pass") return {};
  std::string message = measured_text(threshold);
  if (!message.empty()) message = "measured " + message;
  for (const std::string& more : {threshold.explanation, threshold.guess})
    if (!more.empty()) message += (message.empty() ? "" : "; ") + more;
  return {threshold.status == "fail" ? Ending::Kind::failure : Ending::Kind::error,
          threshold.status, message};
}

Ending ending_of(const ReportedAuditLine& line) {
  if (line.status == "passed" || line.status == "warning") return {};
  const bool failed = line.status == "failed";
  return {failed ? Ending::Kind::error : Ending::Kind::skipped, "invalid", audit_text(line)};
}

}  // namespace

std::string junit_report(const ReportedRun& run) {
  Suite suite;
  suite.add("run", "verdict", ending_of(run));
  for (const ReportedThreshold& each : run.thresholds)
    suite.add("thresholds", each.text, ending_of(each));
  for (const ReportedAuditLine& each : run.audit) suite.add("audit", each.name, ending_of(each));
  return suite.xml(run);
}

}  // namespace squall::coordinator
