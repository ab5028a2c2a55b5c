#include "coordinator/store_commands/store_command_line.hpp"

#include <CLI/CLI.hpp>
#include <cassert>
#include <filesystem>

#include "coordinator/store_commands/change_commands.hpp"
#include "coordinator/store_commands/list_command.hpp"
#include "coordinator/store_commands/show_command.hpp"

namespace squall::coordinator {

namespace {

using Command = StoreOrders::Command;

constexpr const char* names_of_runs = R"(
A run is named by its id, by a beginning of it that no other run has, by last, last~2 (the second
before the last), or by tag:NAME (the newest with that tag).
)";

constexpr const char* where = R"(
The store is one file: --store, else $SQUALL_STORE, else runs.db in the state folder (squall run
--help). Several processes may use it at a time.)";

constexpr const char* list_footer = R"(
  squall list                                 the newest twenty, the newest last
  squall list --scenario chat --outcome pass
  squall list -n 0 --json | jq '.runs[].figures.tokens_per_second'

Outcomes: pass, fail, inconclusive, invalid, interrupted; a run that was killed is interrupted, too.
)";

constexpr const char* show_footer = R"(
  squall show                                 the newest run
  squall show last~1 --json > before.json     its report, as it was stored
)";

constexpr const char* tag_footer = R"(
  squall tag last release-1.4 accepted
  squall show tag:release-1.4
)";

constexpr const char* delete_footer = R"(
Removes runs from the store, and their folders with journal and report. Asks first; where there is
no terminal to ask on, --yes has to be given. A run that a baseline names stays.
)";

constexpr const char* export_footer = R"(
  squall export last --output run.squall      one file: report, journal, tags
  squall import run.squall                    elsewhere
)";

constexpr const char* import_footer = R"(
Takes files that squall export made, and folders of runs (STATE/runs/RUN), such as those of runs
that could not be stored because the disk was full. Everything is checked before anything is
written: a file that was cut off or altered is refused.
)";

std::string footer(const char* text, bool names = true) {
  return std::string(text) + (names ? names_of_runs : "") + where;
}

CLI::App* add(CLI::App& app, StoreOrders& orders, Command command, const char* name,
              const char* description) {
  CLI::App* made = app.add_subcommand(name, description);
  made->add_option("--store", orders.store, "the store")->option_text("FILE");
  made->add_option("--state", orders.state, "folder that the store is in")->option_text("FOLDER");
  made->callback([&orders, command] { orders.command = command; });
  return made;
}

void add_list(CLI::App& app, StoreOrders& orders) {
  CLI::App* list = add(app, orders, Command::list, "list", "Lists stored runs.");
  list->add_option("--scenario", orders.scenario, "only runs of this scenario (its name)");
  list->add_option("--tag", orders.tag, "only runs with this tag");
  list->add_option("--outcome", orders.outcome, "only runs that ended so")
      ->check(CLI::IsMember({"pass", "fail", "inconclusive", "invalid", "interrupted"}));
  list->add_option("-n,--newest", orders.newest, "how many, the newest of them; 0: all")
      ->capture_default_str();
  list->add_flag("--json", orders.json, "print JSON");
  list->footer(footer(list_footer, false));
}

void add_show(CLI::App& app, StoreOrders& orders) {
  CLI::App* show = add(app, orders, Command::show, "show", "Shows the report of a stored run.");
  show->add_option("RUN", orders.run, "run")->capture_default_str();
  show->add_flag("--json", orders.json, "print the report as JSON");
  show->footer(footer(show_footer));
}

void add_tags(CLI::App& app, StoreOrders& orders) {
  CLI::App* tag = add(app, orders, Command::tag, "tag", "Gives a run tags, to find it by.");
  CLI::App* untag = add(app, orders, Command::untag, "untag", "Takes tags from a run.");
  for (CLI::App* each : {tag, untag}) {
    each->add_option("RUN", orders.run, "run")->required();
    each->add_option("NAME", orders.names, "tags: letters, digits, '.', '_', '-'")->required();
    each->footer(footer(tag_footer));
  }
}

void add_transfer(CLI::App& app, StoreOrders& orders) {
  CLI::App* to = add(app, orders, Command::export_run, "export", "Writes a run to one file.");
  to->add_option("RUN", orders.run, "run")->capture_default_str();
  to->add_option("-o,--output", orders.output, "the file (default: RUN.squall)")
      ->option_text("FILE");
  to->footer(footer(export_footer));
  CLI::App* from = add(app, orders, Command::import_run, "import", "Takes runs into the store.");
  from->add_option("FILE", orders.names, "exported runs, or folders of runs")->required();
  from->footer(footer(import_footer, false));
}

}  // namespace

void add_store_commands(CLI::App& app, StoreOrders& orders) {
  add_list(app, orders);
  add_show(app, orders);
  add_tags(app, orders);
  CLI::App* remove = add(app, orders, Command::remove, "delete", "Removes runs and their folders.");
  remove->add_option("RUN", orders.names, "runs")->required();
  remove->add_flag("--yes", orders.yes, "do not ask");
  remove->footer(footer(delete_footer));
  add_transfer(app, orders);
}

int store_command(const StoreOrders& orders) {
  const std::filesystem::path file = store_file(orders.store, orders.state);
  std::error_code ignored;
  if (orders.command != Command::import_run && !std::filesystem::exists(file, ignored))
    throw StoreError("there is no store " + file.string() +
                     " yet: squall run makes it; --store FILE or $SQUALL_STORE names another");
  RunStore store(file);
  switch (orders.command) {
    case Command::list:
      return list_command(store, orders);
    case Command::show:
      return show_command(store, orders);
    case Command::tag:
    case Command::untag:
      return tag_command(store, orders);
    case Command::remove:
      return delete_command(store, orders);
    case Command::export_run:
      return export_command(store, orders);
    case Command::import_run:
      return import_command(store, orders);
    case Command::none:
      break;
  }
  assert(false);
  return 1;
}

}  // namespace squall::coordinator
