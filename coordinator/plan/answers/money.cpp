#include "coordinator/plan/answers/money.hpp"

#include <cassert>
#include <cmath>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr std::int64_t unit = 1'000'000;
constexpr std::int64_t below = 1'000'000'000;  // units

/// Whole units and what is behind the point, after rounding to `digits`.
struct Rounded {
  bool negative = false;
  std::uint64_t whole = 0;
  std::uint64_t part = 0;
  int digits = 2;
};

Rounded round(Money money) {
  Rounded result;
  result.negative = money.millionths < 0;
  const auto amount = static_cast<std::uint64_t>(std::llabs(money.millionths));
  const bool small = amount > 0 && amount < unit / 10;
  result.digits = small ? 4 : 2;
  const std::uint64_t step = small ? 100 : 10'000;
  const std::uint64_t steps = (amount + step / 2) / step;
  const std::uint64_t a_unit = unit / step;
  result.whole = steps / a_unit;
  result.part = steps % a_unit;
  if (steps == 0) result.negative = false;
  return result;
}

std::string part_of(const Rounded& money) {
  std::string digits = std::to_string(money.part);
  digits.insert(0, static_cast<std::size_t>(money.digits) - digits.size(), '0');
  return "." + digits;
}

}  // namespace

std::optional<Money> parse_money(std::string_view text) {
  std::int64_t value = 0;
  int behind = -1;  // digits behind the point; -1: no point yet
  bool any = false;
  for (const char c : text) {
    if (c == '.' && behind < 0 && any) {
      behind = 0;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    if (behind >= 0 && ++behind > 6) return std::nullopt;
    any = true;
    value = value * 10 + (c - '0');
    if (value >= below * unit) return std::nullopt;
  }
  if (!any || behind == 0) return std::nullopt;
  for (int i = behind < 0 ? 0 : behind; i < 6; ++i) {
    value *= 10;
    if (value >= below * unit) return std::nullopt;
  }
  return Money{value};
}

Money cost_of(Money per_hour, std::uint64_t machines, double hours) {
  assert(hours >= 0);
  const double exact =
      static_cast<double>(per_hour.millionths) * static_cast<double>(machines) * hours;
  return {static_cast<std::int64_t>(std::floor(exact + 0.5))};
}

std::string readable_money(Money money, const std::string& currency) {
  const Rounded rounded = round(money);
  return (rounded.negative ? "-" : "") + readable_count(rounded.whole) + part_of(rounded) +
         (currency.empty() ? "" : " " + currency);
}

std::string plain_money(Money money) {
  const Rounded rounded = round(money);
  return (rounded.negative ? "-" : "") + std::to_string(rounded.whole) + part_of(rounded);
}

}  // namespace squall::coordinator
