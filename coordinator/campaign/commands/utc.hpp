#pragma once
// Moments of the wall clock as the store writes them, and when a campaign that repeats is due.

#include <chrono>
#include <optional>
#include <string>

namespace squall::coordinator {

/// "2026-11-21T06:33:41Z".
std::string utc_now();
/// None for a text of another form.
std::optional<std::chrono::system_clock::time_point> utc_moment(const std::string& text);

/// How long to wait for the next round. A round that is overdue, because the last one took longer
/// or nobody was there, is due now, and once: what was missed is not made up for.
std::chrono::nanoseconds until_next_round(std::chrono::system_clock::time_point last_began,
                                          std::chrono::nanoseconds every,
                                          std::chrono::system_clock::time_point now);

}  // namespace squall::coordinator
