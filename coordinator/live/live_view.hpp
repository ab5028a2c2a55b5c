#pragma once
// What to show of a test before its load begins: a few lines for a terminal, below what was told.
// And at any moment one plain line for a log. Pure; terminal.hpp says where it is drawn, and
// live_frame.hpp what a terminal shows of the load.

#include <cstddef>
#include <string>
#include <vector>

#include "coordinator/live/live_status.hpp"

namespace squall::coordinator {

/// Lines without line breaks, none wider than `width` characters; always equally many.
std::vector<std::string> live_lines(const LiveStatus& status, std::size_t width, bool colour);

/// The same in one line: "0:12/0:35 measuring; 8 users, …".
std::string plain_line(const LiveStatus& status);

/// One event of the run's course as a line of its own, safe to print.
std::string event_line(const std::string& event);

/// One warning of an agent as a line of its own, safe to print.
std::string warning_line(const std::string& warning);

}  // namespace squall::coordinator
