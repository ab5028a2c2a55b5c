#pragma once
// `squall keys`: makes, lists and revokes the keys by which coordinator and agents know each other.

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace squall::coordinator {

struct KeysOptions {
  enum class Action { make, list, revoke };
  Action action = Action::list;
  std::string folder;  // empty: actors::default_key_folder()
  bool coordinator = false;
  std::vector<std::string> names;  // of agents
};

/// Adds the command with its options and help to a command line; `options` must outlive it.
CLI::App* add_keys(CLI::App& app, KeysOptions& options);

/// Does it and says on standard output what to do next; never a secret. Returns the exit code.
/// Throws actors::KeyError.
int keys_command(const KeysOptions& options);

}  // namespace squall::coordinator
