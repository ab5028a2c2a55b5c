#pragma once
// `squall report`: a run's report as a page, a table, a log …, for people and for other tools.

#include <string>

namespace CLI {
class App;
}

namespace squall::coordinator {

struct ReportOrders {
  std::string run = "last";
  std::string format;  // empty: by the output's ending, else html
  std::string output;  // a file; "-": standard output; empty: see where_to()
  std::string table = "metrics";
  std::string metric;        // hlog: that one alone
  std::string store, state;  // file, folder: where the store is
  bool table_given = false;
  bool open = false;
};

/// Adds the command to a command line; `orders` must outlive it.
CLI::App* add_report(CLI::App& app, ReportOrders& orders);

/// Makes the report and says where it is; the exit code. Throws UsageError, StoreError,
/// RunFolderError.
int report_command(const ReportOrders& orders);

}  // namespace squall::coordinator
