#pragma once
// The lines of a comma-separated trace: which columns are needed, and what their fields mean.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/load/load_shape.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::scenarios {

/// The fields of one line (RFC 4180, but a quoted field ends on its line), without white space
/// around them. Throws ItemMistake for a quote that is not closed.
std::vector<std::string> csv_fields(std::string_view line);

struct TraceRow {
  nanoseconds at{0};  // since any fixed instant
  std::uint64_t prompt_tokens = 0;
  std::uint64_t answer_tokens = 0;
};

class TraceColumns {
 public:
  /// From the first line, by the columns' names. `format` is azure, burstgpt or automatic.
  /// Throws ItemMistake.
  TraceColumns(std::string_view header, TraceReplay::Format format);

  TraceRow read(std::string_view line) const;  // throws ItemMistake

 private:
  TraceReplay::Format format_;
  std::size_t columns_ = 0;
  std::size_t time_ = 0, prompt_ = 0, answer_ = 0;  // columns
};

/// "2023-11-16 18:17:03.9799600", "2024-05-10T00:00:00.009930+02:00": since 1970, in UTC where no
/// offset is given. Throws ItemMistake.
nanoseconds instant_of_date(std::string_view text);

/// "5", "5.25": decimal seconds. Throws ItemMistake.
nanoseconds instant_of_seconds(std::string_view text);

}  // namespace squall::scenarios
