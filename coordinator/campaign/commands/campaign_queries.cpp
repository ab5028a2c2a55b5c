#include <algorithm>
#include <cstdio>

#include "coordinator/campaign/commands/campaign_command.hpp"
#include "coordinator/campaign/commands/campaign_output.hpp"
#include "coordinator/campaign/commands/campaign_runs.hpp"
#include "coordinator/campaign/course/json_campaign_file.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/run_folder.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::coordinator {

namespace {

/// Names of all that have a journal, in order.
std::vector<std::string> known_campaigns(const std::filesystem::path& state) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& each : std::filesystem::directory_iterator(state / "campaigns", error))
    if (std::filesystem::exists(each.path() / "journal", error))
      names.push_back(each.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

struct Found {
  std::string slug;
  std::filesystem::path folder;
  CampaignJournal journal;
  ComparisonOptions gates;
};

/// By name, or by its file, whose gates then count.
Found find_campaign(const CampaignQuery& query) {
  const auto state = state_folder(query.state);
  Found found;
  std::error_code ignored;
  if (query.name.ends_with(".toml") && std::filesystem::exists(query.name, ignored)) {
    const CampaignFile file = parse_campaign(
        read_text_file(query.name, "cannot read campaign", "its name will do, too"), query.name);
    found.slug = slug_of(file.name);
    found.gates.gates = gates_of(file.gates, file.only_these_gates);
  } else {
    found.slug = slug_of(query.name);
  }
  found.folder = campaign_folder(state, found.slug);
  found.journal = read_campaign_journal(found.folder);
  if (found.journal.newest() != nullptr) return found;
  const auto known = known_campaigns(state);
  const std::vector<std::string_view> names(known.begin(), known.end());
  throw UsageError("no run of a campaign '" + scenarios::visible(query.name) + "' has been made" +
                   (known.empty() ? "; squall campaign FILE runs one"
                                  : scenarios::nearest_or_all(query.name, names, "campaigns")));
}

CampaignRuns runs_of(const CampaignQuery& query, const Found& found, ProgressLine& progress) {
  return CampaignRuns({.store = query.store,
                       .state = query.state,
                       .options = {},
                       .folder = found.folder,
                       .tag = found.slug},
                      progress);
}

}  // namespace

int campaign_report_command(const CampaignQuery& query) {
  const Found found = find_campaign(query);
  ProgressLine progress;
  CampaignRuns runs = runs_of(query, found, progress);
  CampaignOutput output({query.html, query.markdown, query.json});
  return output.show(campaign_results(found.journal, runs.sources_of(found.journal, found.gates)));
}

int campaign_accept_command(const CampaignQuery& query) {
  const Found found = find_campaign(query);
  ProgressLine progress;
  CampaignRuns runs = runs_of(query, found, progress);
  const std::size_t cells = runs.accept(found.journal, query.accept_failed);
  std::printf("accepted: round %u of %s, %s; squall baseline list shows them as %s.…\n",
              found.journal.newest()->round, printable(found.journal.newest()->campaign).c_str(),
              plural(cells, "cell").c_str(), found.slug.c_str());
  if (found.journal.newest()->repeats < fewest_runs)
    std::printf("a verdict takes %zu runs a cell, and this round has %u: repeats = %zu\n",
                fewest_runs, found.journal.newest()->repeats, fewest_runs);
  return 0;
}

int campaign_list_command(const CampaignQuery& query) {
  const auto state = state_folder(query.state);
  const auto names = known_campaigns(state);
  for (const auto& name : names) {
    const CampaignJournal journal = read_campaign_journal(campaign_folder(state, name));
    const RoundBegun* newest = journal.newest();
    if (newest == nullptr) continue;
    std::printf("%s  round %u of %s, %zu of %s, %s\n", name.c_str(), newest->round,
                journal.began_at(newest->round).c_str(),
                journal.complete_runs(newest->round).size(),
                plural(newest->cells.size() * newest->repeats, "run").c_str(),
                printable(newest->file).c_str());
  }
  if (names.empty()) std::puts("no campaigns; squall campaign FILE runs one");
  return 0;
}

}  // namespace squall::coordinator
