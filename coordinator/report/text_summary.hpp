#pragma once
// A run's report for a terminal or a log: aligned tables, at most `width` columns, colour where it
// is wanted. Whatever agents or targets named is made printable first.

#include <cstddef>
#include <string>

#include "coordinator/report/run_report.hpp"

namespace squall::coordinator {

struct TextStyle {
  bool colour = false;
  std::size_t width = 100;
};

std::string text_summary(const RunReport& report, const TextStyle& style = {});

}  // namespace squall::coordinator
