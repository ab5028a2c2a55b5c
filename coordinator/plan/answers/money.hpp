#pragma once
// Money as whole millionths of a currency's unit, so that sums of prices are exact and are rounded
// once, when they are written.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace squall::coordinator {

struct Money {
  std::int64_t millionths = 0;

  friend auto operator<=>(const Money&, const Money&) = default;
  friend Money operator+(Money one, Money other) { return {one.millionths + other.millionths}; }
};

/// "2.40", "0.0035", "12": at most six digits behind the point, below a thousand million. None for
/// anything else.
std::optional<Money> parse_money(std::string_view text);

/// So many machines for so many hours; rounded half up to a millionth.
Money cost_of(Money per_hour, std::uint64_t machines, double hours);

/// "1,752.00 EUR": two digits behind the point, half rounded away from 0; below 0.10 four, so that
/// small prices do not vanish.
std::string readable_money(Money money, const std::string& currency);

/// "1752.00": the same digits for programs.
std::string plain_money(Money money);

/// A month of 365.25 / 12 days.
inline constexpr double hours_a_month = 730.5;

}  // namespace squall::coordinator
