#pragma once
// The commands that look at the store of runs and change it: list, show, tag, untag, delete, export
// and import. Their options and help, and which of them was asked for.

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace squall::coordinator {

/// As on the command line; empty: not given.
struct StoreOrders {
  enum class Command { none, list, show, tag, untag, remove, export_run, import_run };
  Command command = Command::none;

  std::string store, state;            // file, folder: where the store is
  std::string run = "last";            // a name of RunStore::find
  std::vector<std::string> names;      // runs, tags, files: what the command takes several of
  std::string scenario, tag, outcome;  // list: only these
  std::size_t newest = 20;             // list: 0: all
  std::string output;                  // export
  bool json = false, yes = false;
};

inline constexpr const char* store_command_names[] = {"list",   "show",   "tag",   "untag",
                                                      "delete", "export", "import"};

/// Adds the commands to a command line; `orders` must outlive it.
void add_store_commands(CLI::App& app, StoreOrders& orders);

/// Does what was asked, prints what came of it, returns the exit code. Throws StoreError,
/// RunFolderError, UsageError.
int store_command(const StoreOrders& orders);

}  // namespace squall::coordinator
