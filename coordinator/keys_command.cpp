#include "coordinator/keys_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "actors/bridge/curve_keys.hpp"

namespace squall::coordinator {

namespace {

namespace fs = std::filesystem;

constexpr const char* keys_footer = R"(
Keys say who may take part, and encrypt what is said; needed wherever agents are on other machines.
Once, where the coordinator runs:

  squall keys make --coordinator worker-1 worker-2

For each agent, move its pair to its machine (and away from here), and copy the coordinator's
public key beside it:

  scp ~/.config/squall/keys/agents/worker-1.key ~/.config/squall/keys/coordinator.pub worker-1:
  ssh worker-1 squall agent --connect tcp://COORDINATOR:5555 \
      --keys worker-1.key --coordinator-key coordinator.pub

and run with the folder of keys:

  squall run my.toml --listen tcp://*:5555 --keys ~/.config/squall/keys --agents 2

A pair can also be made on the agent's own machine (squall keys make worker-1 there); then only
agents/worker-1.pub need be copied, into the coordinator's folder agents/. Whoever has a file there
may take part, under its name. The folder is read again while a run goes on: `squall keys revoke`
shuts an agent out within a second. For a new key, revoke the old one and make another.

The folder is $SQUALL_KEYS, else $XDG_CONFIG_HOME/squall/keys, else ~/.config/squall/keys. Files
named .key hold secrets: mode 0600, refused when others may read them.)";

void tell_next_steps(const fs::path& folder, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const std::string pair = (folder / "agents" / (name + ".key")).string();
    std::printf("made a key for agent '%s'\n", name.c_str());
    std::printf("  move to its machine:  %s\n", pair.c_str());
    std::error_code ignored;
    const bool of_coordinator = fs::exists(folder / "coordinator.pub", ignored);
    if (of_coordinator) {
      std::printf("  and copy there:       %s\n", (folder / "coordinator.pub").c_str());
    } else {
      std::printf("  or, when this is its machine, copy to the coordinator's folder agents/:\n");
      std::printf("                        %s\n", (folder / "agents" / (name + ".pub")).c_str());
      std::printf(
          "  and copy to it:       coordinator.pub of the coordinator's folder, not here\n");
    }
    std::printf(
        "  start it there with:  squall agent --connect tcp://COORDINATOR:PORT --keys "
        "%s.key --coordinator-key coordinator.pub\n",
        name.c_str());
  }
}

int make(const KeysOptions& options, const fs::path& folder) {
  if (!options.coordinator && options.names.empty())
    throw actors::KeyError("say whose keys to make: --coordinator, or names of agents");
  // All names are looked at before any key is made.
  for (const auto& name : options.names) actors::check_key_name(name);
  if (options.coordinator) {
    actors::make_coordinator_key(folder);
    std::printf("made the coordinator's key in %s\n", folder.c_str());
    std::printf("  what agents must know of it: %s\n", (folder / "coordinator.pub").c_str());
  }
  for (const auto& name : options.names) {
    actors::make_agent_key(folder, name);
    tell_next_steps(folder, {name});
  }
  return 0;
}

int list(const fs::path& folder) {
  auto keys = actors::list_keys(folder);
  if (keys.empty()) {
    std::printf("no keys in %s\n", folder.c_str());
    return 0;
  }
  std::size_t width = 4;
  for (const auto& key : keys) width = std::max(width, key.name.size());
  const int columns = static_cast<int>(width);
  std::printf("%-*s  %-11s  %s\n", columns, "NAME", "MAY", "PUBLIC KEY");
  for (const auto& key : keys)
    std::printf("%-*s  %-11s  %s\n", columns, key.name.c_str(),
                key.is_coordinator ? "coordinate"
                : key.revoked      ? "no (revoked)"
                                   : "take part",
                key.public_key.c_str());
  return 0;
}

int revoke(const KeysOptions& options, const fs::path& folder) {
  for (const auto& name : options.names) {
    actors::revoke_agent_key(folder, name);
    std::printf("revoked the key of '%s'; coordinators that use %s shut it out within a second\n",
                name.c_str(), folder.c_str());
  }
  return 0;
}

}  // namespace

CLI::App* add_keys(CLI::App& app, KeysOptions& options) {
  CLI::App* keys =
      app.add_subcommand("keys", "Makes, lists and revokes the keys of agents on other machines.");
  keys->require_subcommand(1);
  const auto with_folder = [&options](CLI::App* command) {
    command->add_option("--keys", options.folder, "the folder of keys");
    command->footer(keys_footer);
    return command;
  };
  keys->footer(keys_footer);

  CLI::App* make = with_folder(keys->add_subcommand("make", "Makes key pairs."));
  make->add_flag("--coordinator", options.coordinator, "the coordinator's own");
  make->add_option("NAME", options.names, "agents, by the name that reports will call them");
  make->callback([&options] { options.action = KeysOptions::Action::make; });

  CLI::App* list =
      with_folder(keys->add_subcommand("list", "Lists who may take part, or may not."));
  list->callback([&options] { options.action = KeysOptions::Action::list; });

  CLI::App* revoke = with_folder(
      keys->add_subcommand("revoke", "Shuts agents out, also of runs that are under way."));
  revoke->add_option("NAME", options.names, "agents")->required();
  revoke->callback([&options] { options.action = KeysOptions::Action::revoke; });
  return keys;
}

int keys_command(const KeysOptions& options) {
  const fs::path folder =
      options.folder.empty() ? actors::default_key_folder() : fs::path(options.folder);
  switch (options.action) {
    case KeysOptions::Action::make:
      return make(options, folder);
    case KeysOptions::Action::revoke:
      return revoke(options, folder);
    case KeysOptions::Action::list:
      break;
  }
  return list(folder);
}

}  // namespace squall::coordinator
