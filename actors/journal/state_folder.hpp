#pragma once
// Where this machine keeps what outlives a process: journals of agents and of runs.

#include <filesystem>
#include <optional>
#include <string>

namespace squall::actors {

/// `asked`, else $SQUALL_STATE, else $XDG_STATE_HOME/squall, else ~/.local/state/squall; absolute.
/// None: nothing says where.
std::optional<std::filesystem::path> state_folder(const std::string& asked);

}  // namespace squall::actors
