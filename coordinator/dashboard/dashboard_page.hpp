#pragma once
// The page of a running test: one document, the same for every run, which then hears what to show.

#include <string>

namespace squall::coordinator {

struct DashboardPage {
  std::string html;
  std::string policy;  // its Content-Security-Policy, sent as a field
};

/// Made once.
const DashboardPage& dashboard_page();

}  // namespace squall::coordinator
