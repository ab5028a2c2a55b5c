#pragma once
// What lists, searches and trends need of a run, read from its JSON report.

#include <map>
#include <string>

#include "coordinator/store/run_store.hpp"

namespace squall::coordinator {

struct ReportIndex {
  RunBeginning beginning;  // without its folder
  std::string outcome, model, model_fingerprint, hardware_fingerprint, load;
  std::map<std::string, double> figures;
};

/// Throws StoreError for what is no report of a run ("squall-run/…"); unknown parts of a newer one
/// are passed over.
ReportIndex index_of_report(const std::string& report);

}  // namespace squall::coordinator
