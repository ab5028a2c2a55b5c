#pragma once
// A store with the history of a service that never was: steady, then slower for good, and one odd
// run; real reports of made-up records.

#include <filesystem>
#include <string>
#include <vector>

namespace squall::tests {

struct MadeHistory {
  std::vector<std::string> before, after;  // ids of runs, the oldest first
  std::string of_another_model;
};

/// `scenario` is the name of all of them.
MadeHistory make_history(const std::filesystem::path& store, const std::string& scenario);

/// The names of several runs as the command line takes them.
std::string joined_by_commas(const std::vector<std::string>& names);

}  // namespace squall::tests
