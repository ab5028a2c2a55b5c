#pragma once
// How many files and sockets this process may have open: raised to what the system allows.

#include <cstdint>
#include <string>

namespace squall::agents {

/// Raises the soft limit (1024 in most shells) to the hard one; returns what holds now.
std::uint64_t raise_open_files_limit();

/// What to tell a user who wants `connections` at once; empty: there are files enough, with some
/// to spare for everything else.
std::string open_files_shortage(std::uint64_t connections, std::uint64_t limit);

}  // namespace squall::agents
