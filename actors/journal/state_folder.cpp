#include "actors/journal/state_folder.hpp"

#include <cstdlib>

namespace squall::actors {

namespace fs = std::filesystem;

namespace {

fs::path variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<fs::path> state_folder(const std::string& asked) {
  if (!asked.empty()) return fs::absolute(asked);
  if (const auto own = variable("SQUALL_STATE"); !own.empty()) return fs::absolute(own);
  if (const auto states = variable("XDG_STATE_HOME"); !states.empty())
    return fs::absolute(states / "squall");
  if (const auto home = variable("HOME"); !home.empty())
    return fs::absolute(home / ".local" / "state" / "squall");
  return std::nullopt;
}

}  // namespace squall::actors
