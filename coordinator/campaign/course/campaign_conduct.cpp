#include "coordinator/campaign/course/campaign_conduct.hpp"

#include <algorithm>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

std::size_t cell_with(const CampaignRound& round, const std::string& identity) {
  const auto found = std::find_if(round.cells.begin(), round.cells.end(),
                                  [&](const auto& each) { return each.identity == identity; });
  return static_cast<std::size_t>(found - round.cells.begin());
}

/// "about 4 min left".
std::string about(nanoseconds left) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
  if (seconds < 90) return "about " + std::to_string(seconds) + " s left";
  const auto minutes = (seconds + 30) / 60;
  if (minutes < 90) return "about " + std::to_string(minutes) + " min left";
  return "about " + std::to_string((minutes + 30) / 60) + " h left";
}

std::string in_one_line(const CampaignCourse& course, const CampaignCell& cell, unsigned repeat,
                        unsigned repeats) {
  std::string text = "run " + std::to_string(course.number()) + " of " +
                     std::to_string(course.runs()) + ", " + about(course.time_left()) + ": " +
                     printable(cell.label, 70);
  if (repeats > 1) text += ", repeat " + std::to_string(repeat);
  return text;
}

/// Up to three of them, then how many more.
std::string names(const std::vector<std::string>& labels) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, labels.size()); ++i)
    text += (text.empty() ? "" : "; ") + printable(labels[i], 70);
  if (labels.size() > 3) text += "; and " + std::to_string(labels.size() - 3) + " more";
  return text;
}

class Round {
 public:
  Round(const CampaignRound& round, const CampaignJournal& journal, const CampaignHands& hands)
      : round_(round), hands_(hands), course_(course_of(round, journal, hands.stored)) {}

  RoundOutcome conduct() {
    const nanoseconds begun = hands_.now();
    RoundOutcome outcome;
    while (const auto next = course_.next(hands_.now() - begun)) {
      if (outcome.made > 0 && round_.rules.cool_down.count() > 0 &&
          !hands_.rest(round_.rules.cool_down))
        break;
      if (hands_.interrupted()) break;
      ++outcome.made;
      if (!make(*next)) break;
    }
    outcome.interrupted = hands_.interrupted();
    if (!outcome.interrupted) outcome.why_stopped = course_.why_stopped();
    outcome.missing = course_.runs() - course_.done();
    return outcome;
  }

 private:
  /// False: interrupted.
  bool make(const PlannedRun& planned) {
    const CampaignCell& cell = round_.cells[planned.cell];
    RunEnded ended = hands_.run(cell, in_one_line(course_, cell, planned.repeat, round_.repeats));
    ended.round = round_.number;
    ended.cell = cell.identity;
    ended.label = cell.label;
    ended.repeat = planned.repeat;
    if (hands_.interrupted() && ended.outcome == "broken") return false;  // by us
    hands_.write_down(ended);
    course_.ended(planned, ended);
    if (hands_.interrupted()) return false;
    if (round_.rules.stop.regression && course_.whole(planned.cell) && hands_.got_worse(cell))
      course_.judged_worse(planned.cell);
    return true;
  }

  const CampaignRound& round_;
  const CampaignHands& hands_;
  CampaignCourse course_;
};

}  // namespace

CampaignCourse course_of(const CampaignRound& round, const CampaignJournal& journal,
                         const std::function<bool(const std::string&)>& stored) {
  std::vector<nanoseconds> lengths;
  for (const auto& cell : round.cells) lengths.push_back(cell.planned);
  CampaignCourse course(ordered_runs(round.cells.size(), round.repeats, round.order, round.seed),
                        std::move(lengths), round.rules);
  for (const RunEnded* run : journal.complete_runs(round.number)) {
    const std::size_t cell = cell_with(round, run->cell);
    if (cell < round.cells.size() && run->repeat >= 1 && run->repeat <= round.repeats &&
        stored(run->run))
      course.already({cell, run->repeat}, *run);
  }
  return course;
}

RoundOutcome conduct_round(const CampaignRound& round, const CampaignJournal& journal,
                           const CampaignHands& hands) {
  return Round(round, journal, hands).conduct();
}

std::vector<std::string> changes_since(const RoundBegun& before, const CampaignRound& now) {
  std::vector<std::string> fresh, gone, sentences;
  for (const auto& cell : now.cells)
    if (std::none_of(before.cells.begin(), before.cells.end(),
                     [&](const auto& each) { return each.identity == cell.identity; }))
      fresh.push_back(cell.label);
  for (const auto& cell : before.cells)
    if (cell_with(now, cell.identity) == now.cells.size()) gone.push_back(cell.label);
  if (!fresh.empty())
    sentences.push_back(plural(fresh.size(), "cell") +
                        " new or changed, to be run: " + names(fresh));
  if (!gone.empty())
    sentences.push_back(plural(gone.size(), "cell") +
                        " gone or changed, whose runs no longer count: " + names(gone));
  if (before.repeats != now.repeats)
    sentences.push_back("repeats were " + std::to_string(before.repeats) + " and are " +
                        std::to_string(now.repeats));
  return sentences;
}

RoundBegun beginning_of(const CampaignRound& round, const CampaignFile& campaign,
                        const std::string& at) {
  RoundBegun begun{.round = round.number,
                   .at = at,
                   .campaign = campaign.name,
                   .description = campaign.description,
                   .file = campaign.file,
                   .cells = {},
                   .repeats = round.repeats};
  for (const auto& cell : round.cells)
    begun.cells.push_back({cell.identity, cell.label, cell.tag, cell.values, cell.numbers});
  return begun;
}

}  // namespace squall::coordinator
