#pragma once
// Where agents of this machine keep their journals: STATE/agents/RUN-EPOCH.journal, one for each
// part in a run, until a coordinator has acknowledged all of it.

#include <filesystem>
#include <string>
#include <vector>

#include "actors/journal/agent_entries.hpp"

namespace squall::agents {

/// Below `asked`, else $SQUALL_STATE, else $XDG_STATE_HOME/squall, else ~/.local/state/squall.
/// Absolute. Throws actors::JournalError when nothing says where.
std::filesystem::path agent_journal_folder(const std::string& asked);

/// Throws actors::JournalError for a run whose name is no file's: it comes from somebody else.
std::filesystem::path agent_journal_file(const std::filesystem::path& folder,
                                         const actors::PartOpened& part);

/// Journals that nobody writes any more: their agents ended before all was acknowledged. Empty,
/// too, where there is no such folder.
std::vector<std::filesystem::path> journals_left_behind(const std::filesystem::path& folder);

/// How to reach a coordinator, as the options of squall agent have it.
struct CoordinatorAddress {
  std::string endpoint;
  std::string keys, coordinator_key;  // empty: without keys
  bool insecure = false;
};

/// What a person types to deliver a journal that was left behind.
std::string hand_over_command(const CoordinatorAddress& coordinator,
                              const std::filesystem::path& journal);

}  // namespace squall::agents
