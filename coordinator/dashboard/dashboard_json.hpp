#pragma once
// What the dashboard's page is told, as JSON: words and figures ready to be shown, and the course
// as columns of numbers. However many agents take part, a picture stays small: it has the worst of
// them, and the page asks for others by their places.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/dashboard/live_course.hpp"
#include "coordinator/live/live_status.hpp"

namespace squall::coordinator {

/// How the run ended, for those who look at the page then.
struct DashboardEnd {
  std::string word;      // "PASS", "FAIL", …
  std::string sentence;  // why
  int exit_code = 0;
};

/// What of the course is told: all of it, or what is new.
struct CourseNews {
  std::uint32_t generation = 0;
  std::vector<CoursePoint> points{};
};

inline constexpr std::size_t agents_told = 40, warnings_told = 20;

/// A run at one moment. `end`: none while it goes on.
std::string dashboard_json(const LiveStatus& status, const CourseNews& course,
                           const std::optional<DashboardEnd>& end);

/// Rows of the agents' table from the one in place `from` on, worst first; at most agents_told.
std::string agents_json(const LiveStatus& status, std::size_t from);

/// The page's charts, still without data, as its script takes them.
std::string dashboard_charts();

}  // namespace squall::coordinator
