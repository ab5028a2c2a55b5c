#include "coordinator/report/formats/html_report.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "coordinator/report/html/run_page.hpp"
#include "coordinator/report/reading/reported_run.hpp"

namespace squall::coordinator {

std::string html_report(const std::string& json) {
  try {
    return run_page(nlohmann::json::parse(json));
  } catch (const nlohmann::json::exception& error) {
    throw ReportUnreadable(std::string("is no report of a run, or is damaged: ") + error.what());
  } catch (const std::invalid_argument&) {
    throw ReportUnreadable("is no report of a run");
  }
}

}  // namespace squall::coordinator
