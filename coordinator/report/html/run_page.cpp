#include "coordinator/report/html/run_page.hpp"

#include <stdexcept>

#include "coordinator/report/html/report_reading.hpp"
#include "coordinator/report/html/run_sections.hpp"

namespace squall::coordinator {

namespace {

std::string title_of(const Json& report) {
  const std::string name = text_in(part(report, {"scenario"}), "name");
  const std::string id = text_in(part(report, {"run"}), "id");
  return (name.empty() ? "A run" : name) + (id.empty() ? "" : " · run " + id);
}

}  // namespace

std::string run_page(const Json& report) {
  if (!text_in(report, "schema").starts_with("squall-run/"))
    throw std::invalid_argument("this is no report of a run: its schema has to be squall-run/…");
  Page page(title_of(report));
  add_verdict(report, page);
  add_glance(report, page);
  add_thresholds(report, page);
  add_latencies(report, page);
  add_phases(report, page);
  add_categories(report, page);
  add_course(report, page);
  add_events(report, page);
  add_ledger(report, page);
  add_errors(report, page);
  add_audit(report, page);
  add_bottleneck(report, page);
  add_resources(report, page);
  add_machines(report, page);
  add_fabric(report, page);
  add_origin(report, page);
  add_glossary(page);
  return page.html();
}

}  // namespace squall::coordinator
