#include "coordinator/campaign/commands/campaign_command.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "coordinator/campaign/commands/campaign_lock.hpp"
#include "coordinator/campaign/commands/campaign_output.hpp"
#include "coordinator/campaign/commands/campaign_runs.hpp"
#include "coordinator/campaign/commands/dry_run.hpp"
#include "coordinator/campaign/commands/utc.hpp"
#include "coordinator/campaign/course/json_campaign_file.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/compare/commands/compare_command.hpp"
#include "coordinator/processes/interruption.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

ComparisonOptions judging_of(const CampaignFile& campaign) {
  return comparison_options({.gates = campaign.gates, .only_these = campaign.only_these_gates});
}

nanoseconds period_of(const std::string& every) {
  if (every.empty()) return 0ns;
  try {
    const double seconds = scenarios::parse_duration(every);
    if (seconds >= 1)
      return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
  } catch (const scenarios::ThresholdError&) {
  }
  throw UsageError("--every takes a duration of at least 1s, such as 24h; got '" + every + "'");
}

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options)
      : options_(options),
        every_(period_of(options.every)),
        loaded_(load_campaign(options)),
        gates_(judging_of(loaded_.campaign)),
        journal_(read_campaign_journal(loaded_.folder)),
        runs_({.store = options.store,
               .state = options.state,
               .options = loaded_.campaign.options,
               .folder = loaded_.folder,
               .tag = loaded_.slug},
              progress_) {
    check();
  }

  int perform() {
    begin_next();
    if (options_.dry_run) return show_dry_run(round_, course(), journal_);
    const CampaignLock lock(loaded_.folder, [this] { return !interruption_.heard(); });
    journal_ = read_campaign_journal(loaded_.folder);  // another may have been at it meanwhile
    choose_round(options_.fresh);
    begin_next();
    return every_.count() > 0 ? keep_going() : once();
  }

 private:
  void check() {
    const RoundBegun* before = journal_.newest();
    if (before != nullptr && before->campaign != loaded_.campaign.name)
      throw UsageError("the campaigns '" + printable(before->campaign) + "' and '" +
                       printable(loaded_.campaign.name) + "' would both be kept in " +
                       loaded_.folder.string() + "; give one of them another name");
    if (options_.resume && before == nullptr)
      throw UsageError("there is nothing to resume: no run of the campaign '" +
                       printable(loaded_.campaign.name) + "' has been made; leave out --resume");
    if (every_.count() > 0 && loaded_.campaign.repeats < fewest_runs)
      throw UsageError("--every holds each round against accepted runs, which takes at least " +
                       std::to_string(fewest_runs) +
                       " a cell: write repeats = " + std::to_string(fewest_runs) +
                       ", or add --repeats " + std::to_string(fewest_runs));
    choose_round(options_.fresh);
  }

  CampaignCourse course() {
    return course_of(round_, journal_,
                     [this](const std::string& run) { return runs_.stored(run); });
  }

  void choose_round(bool fresh) {
    const CampaignFile& file = loaded_.campaign;
    round_ = {.number = 1,
              .cells = loaded_.cells,
              .repeats = file.repeats,
              .order = file.order,
              .seed = file.seed,
              .rules = {file.stop, file.budget, file.cool_down}};
    if (const RoundBegun* before = journal_.newest())
      round_.number = before->round + (fresh ? 1 : 0);
  }

  bool is_complete() { return course().done() == round_.cells.size() * round_.repeats; }
  void begin_next() {
    if (options_.next && !is_new_round() && is_complete()) choose_round(true);
  }

  bool is_new_round() const {
    return journal_.newest() == nullptr || journal_.newest()->round != round_.number;
  }

  /// Writes down what begins, and says what is different from before.
  void begin_round(CampaignJournalFile& file) {
    RoundBegun begun = beginning_of(round_, loaded_.campaign, utc_now());
    const RoundBegun* before = journal_.newest();
    if (before != nullptr && !is_new_round()) {
      const auto changes = changes_since(*before, round_);
      for (const auto& change : changes) progress_.tell("the campaign was changed: " + change);
      if (changes.empty()) return;
    }
    file.append(begun);
    journal_.rounds.push_back(std::move(begun));
  }

  RoundOutcome make_runs() {
    CampaignJournalFile file(loaded_.folder);
    begin_round(file);
    const CampaignCourse before = course();
    if (before.done() > 0 && before.done() < before.runs())
      progress_.tell(std::to_string(before.done()) + " of " + plural(before.runs(), "run") +
                     " were made before; " + std::to_string(before.runs() - before.done()) +
                     " are missing");
    CampaignHands hands{.run =
                            [this](const CampaignCell& cell, const std::string& progress) {
                              return runs_.run(cell, progress,
                                               [this] { return interruption_.heard(); });
                            },
                        .write_down =
                            [this, &file](const RunEnded& run) {
                              file.append(run);
                              journal_.runs.push_back(run);
                            },
                        .stored = [this](const std::string& run) { return runs_.stored(run); },
                        .now = [] { return Clock::now().time_since_epoch(); },
                        .rest = [this](nanoseconds length) { return rest(length, "cooling down"); },
                        .interrupted = [this] { return interruption_.heard(); },
                        .got_worse = [this](const CampaignCell& cell) { return got_worse(cell); }};
    return conduct_round(round_, journal_, hands);
  }

  bool got_worse(const CampaignCell& cell) {
    const auto sources = runs_.sources_of(journal_, gates_);
    const auto found = sources.comparisons.find(cell.identity);
    return found != sources.comparisons.end() && found->second.judgement == Judgement::regression;
  }

  /// False: interrupted meanwhile.
  bool rest(nanoseconds length, const std::string& what) {
    const auto until = Clock::now() + length;
    progress_.begin(what + ", " + readable(length));
    while (Clock::now() < until) {
      if (interruption_.heard()) return false;
      progress_.tick();
      usleep(50'000);
    }
    return true;
  }

  CampaignResults results(const RoundOutcome& outcome) {
    auto found = campaign_results(journal_, runs_.sources_of(journal_, gates_));
    end_with(found, outcome.interrupted, outcome.why_stopped);
    if (outcome.missing > 0)
      found.notes.push_back(plural(outcome.missing, "run") +
                            " missing; the same command again makes what is missing");
    else if (outcome.made == 0)
      found.notes.push_back(
          "All runs had been made before; --fresh begins a new round and runs them again.");
    return found;
  }

  int once() {
    CampaignOutput output({options_.html, options_.markdown, options_.json});
    const RoundOutcome outcome = make_runs();
    return output.show(results(outcome));
  }

  int keep_going() {
    if (!is_new_round() && is_complete()) {
      if (!wait_for_next()) return 130;
      choose_round(true);
    }
    for (;;) {
      CampaignOutput output({options_.html, options_.markdown, options_.json});
      const RoundOutcome outcome = make_runs();
      const CampaignResults found = results(outcome);
      const int code = output.show(found);
      if (outcome.interrupted) return 130;
      if (!outcome.why_stopped.empty() && found.exit_code != 12) return code;  // by a stop rule
      accept_first(found);
      if (!wait_for_next()) return 130;
      choose_round(true);
    }
  }

  /// What the very first good round found is what later ones are held against, until somebody
  /// accepts others.
  void accept_first(const CampaignResults& found) {
    if (found.exit_code != 0 || runs_.any_accepted(journal_)) return;
    runs_.accept(journal_, false);
    std::printf("accepted: later rounds are held against this one (baselines %s.…)\n",
                loaded_.slug.c_str());
    std::fflush(stdout);
  }

  bool wait_for_next() {
    const auto began = utc_moment(journal_.began_at(journal_.newest()->round));
    const auto now = std::chrono::system_clock::now();
    const nanoseconds wait = until_next_round(began.value_or(now), every_, now);
    progress_.tell("round " + std::to_string(journal_.newest()->round + 1) +
                   (wait.count() == 0 ? " is due" : " begins in " + readable(wait)) +
                   "; Ctrl-C ends the campaign");
    return rest(wait, "waiting for the next round") && !interruption_.heard();
  }

  const CampaignOptions& options_;
  nanoseconds every_;
  LoadedCampaign loaded_;
  ComparisonOptions gates_;
  CampaignJournal journal_;
  ProgressLine progress_;
  CampaignRuns runs_;
  CampaignRound round_;
  Interruption interruption_;
};

}  // namespace

int campaign_command(const CampaignOptions& options) { return Campaign(options).perform(); }

}  // namespace squall::coordinator
