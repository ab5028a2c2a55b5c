#include "coordinator/store_commands/show_command.hpp"

#include <cstdio>

#include "coordinator/live/terminal.hpp"
#include "coordinator/report/run_report.hpp"
#include "coordinator/report/text_summary.hpp"
#include "coordinator/store_commands/list_command.hpp"
#include "coordinator/store_commands/stored_record.hpp"
#include "coordinator/text/printable_text.hpp"

namespace squall::coordinator {

namespace {

int show_unfinished(const StoredRun& run) {
  const std::string folder = printable(run.beginning.folder, 500);
  std::fputs(list_text({run}, list_width(), colour_wanted(stdout)).c_str(), stdout);
  if (run.state == "running")
    std::printf("It is running; its journal grows in %s\n", folder.c_str());
  else
    std::printf(
        "Its process is gone. What was gathered until then is in %s;\n"
        "squall run --resume %s goes on with it.\n",
        folder.c_str(), run.beginning.run.c_str());
  return 0;
}

}  // namespace

int show_command(const RunStore& store, const StoreOrders& orders) {
  const StoredRun run = store.find(orders.run);
  if (orders.json) {
    const std::string report = store.report(run.beginning.run);
    std::printf("%s%s", report.c_str(), report.ends_with('\n') ? "" : "\n");
    return 0;
  }
  if (run.state != "finished") return show_unfinished(run);
  std::string why;
  if (const auto replayed = replay_stored(store, run, Replay::record, why)) {
    const std::string text =
        text_summary(make_run_report(replayed->record),
                     {.colour = colour_wanted(stdout), .width = summary_width(stdout)});
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    std::fputs(list_text({run}, list_width(), colour_wanted(stdout)).c_str(), stdout);
    std::printf("It cannot be shown as text: %s. squall show %s --json prints its report.\n",
                why.c_str(), run.beginning.run.c_str());
  }
  return 0;
}

}  // namespace squall::coordinator
