#include "coordinator/campaign/commands/campaign_line.hpp"

#include <CLI/CLI.hpp>

#include "coordinator/campaign/commands/campaign_command.hpp"
#include "coordinator/commands/output_options.hpp"

namespace squall::coordinator {

namespace {

constexpr const char* campaign_footer = R"(
  squall campaign scenarios/campaigns/simulated.toml --html campaign.html
  squall campaign my.toml --dry-run          lists its runs and the time that they will take
  squall campaign my.toml                    again, after a crash or Ctrl-C: makes what is missing
  squall campaign my.toml --fresh            a new round: all of its runs once more
  squall campaign my.toml --every 24h        a round a day, held against the accepted one
  squall campaign --suite scalability scenarios/smoke.toml
  squall campaign --suite comparative scenarios/smoke.toml --url http://127.0.0.1:8000/v1
  squall campaign report NAME --html campaign.html
  squall campaign accept NAME                later rounds are held against this one

A campaign is a TOML file (docs/campaigns.md):

  name = "how-many-users"
  scenario = "chat.toml"
  repeats = 3
  order = "interleaved"            # or as-written, or random (by seed)
  cool_down = "10s"
  budget = "2h"
  [matrix]                         # every combination is a cell; keys as in the scenario
  users = [1, 4, 16]
  "target.max_batch" = [8, 64]

Suites: latency, throughput, load, stress, soak, spike, scalability, comparative.
What was done is kept in STATE/campaigns/NAME, the runs in the store, tagged NAME and NAME.CELL.

Exit codes: that of the worst run: 0 pass, 1 a run broke, 2 usage or campaign error, 10 threshold
failed, 11 a cell got worse, 12 inconclusive or incomplete, 13 run invalid, 130 interrupted.)";

void add_places(CLI::App& command, std::string& store, std::string& state) {
  command.add_option("--store", store, "the file with all runs")->option_text("FILE");
  command.add_option("--state", state, "folder of journals and campaigns")->option_text("FOLDER");
}

void add_campaign(CLI::App& command, CampaignOptions& options) {
  command.add_option("FILE", options.file, "campaign (TOML); with --suite a scenario");
  command.add_option("--suite", options.suite, "a ready-made campaign, see below")
      ->option_text("NAME");
  command
      .add_option("--scenario", options.scenario, "run this scenario in place of the campaign's")
      ->option_text("FILE");
  command.add_option("--model", options.model, "with this model, as target.model takes it")
      ->option_text("MODEL");
  command.add_option("--url", options.url, "at this server, in place of the scenario's target")
      ->option_text("URL");
  command.add_option("--server-model", options.server_model, "what that server calls its model")
      ->option_text("NAME");
  command
      .add_option("--set", options.settings,
                  "change a setting of every run, such as phases.measure=10s; may be repeated")
      ->allow_extra_args(false)
      ->option_text("KEY=VALUE");
  command.add_option("--repeats", options.repeats, "run each cell so many times")
      ->check(CLI::Range(1, 100));
  command.add_flag("--dry-run", options.dry_run, "list the runs and their time, run nothing");
  command.add_flag("--resume", options.resume,
                   "go on, as it does anyway; an error when there is nothing to go on with");
  command.add_flag("--fresh", options.fresh, "begin a new round, whatever was made before");
  command.add_flag("--next", options.next,
                   "go on where runs are missing, else begin a new round; for timers");
  command.add_option("--every", options.every, "a round each time this much has passed")
      ->option_text("24h");
  add_output_options(command, options.html, options.markdown, options.json);
  add_places(command, options.store, options.state);
  command.footer(campaign_footer);
}

}  // namespace

struct CampaignLine::Orders {
  CampaignOptions options;
  CampaignQuery query;
  CLI::App* campaign = nullptr;
  CLI::App* report = nullptr;
  CLI::App* accept = nullptr;
  CLI::App* list = nullptr;

  explicit Orders(CLI::App& app) {
    campaign = app.add_subcommand("campaign", "Many runs: matrices, repeats, suites, schedules.");
    campaign->require_subcommand(0, 1);
    add_campaign(*campaign, options);
    report = campaign->add_subcommand("report", "What a campaign found so far; runs nothing.");
    accept =
        campaign->add_subcommand("accept", "Keeps the newest round to hold later ones against.");
    list = campaign->add_subcommand("list", "Lists the campaigns that have been run.");
    for (CLI::App* command : {report, accept}) {
      command->add_option("NAME", query.name, "the campaign, or its file")->required();
      add_places(*command, query.store, query.state);
    }
    add_places(*list, query.store, query.state);
    add_output_options(*report, query.html, query.markdown, query.json);
    accept->add_flag("--accept-failed", query.accept_failed,
                     "also runs that missed their thresholds");
  }

  int perform() {
    if (*report) return campaign_report_command(query);
    if (*accept) return campaign_accept_command(query);
    if (*list) return campaign_list_command(query);
    return campaign_command(options);
  }
};

CampaignLine::CampaignLine(CLI::App& app) : orders_(new Orders(app)) {}

CampaignLine::~CampaignLine() = default;

std::optional<int> CampaignLine::perform() {
  if (!orders_->campaign->parsed()) return std::nullopt;
  return orders_->perform();
}

}  // namespace squall::coordinator
