#include "coordinator/campaign/commands/dry_run.hpp"

#include <cstdio>

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

std::string rules_in_words(const CourseRules& rules) {
  std::string text;
  if (rules.cool_down.count() > 0) text += readable(rules.cool_down) + " between two runs; ";
  if (rules.budget.count() > 0)
    text += "no run begins that would end after " + readable(rules.budget) + "; ";
  if (rules.stop.failures > 0)
    text += "stops after " + plural(rules.stop.failures, "failed run") + "; ";
  if (rules.stop.regression) text += "stops when a cell got worse; ";
  return text.empty() ? text : text.substr(0, text.size() - 2);
}

}  // namespace

int show_dry_run(const CampaignRound& round, const CampaignCourse& course,
                 const CampaignJournal& journal) {
  TextTable table("rlrrl");
  table.add({{"run"}, {"cell"}, {"repeat"}, {"takes"}, {""}});
  for (std::size_t i = 0; i < course.plan().size(); ++i) {
    const PlannedRun& run = course.plan()[i];
    table.add({{std::to_string(i + 1)},
               {printable(round.cells[run.cell].label, 80)},
               {std::to_string(run.repeat)},
               {readable(course.expected(run.cell))},
               {course.is_done(i) ? "made before" : ""}});
  }
  std::fputs(table.render(140, false).c_str(), stdout);
  if (const RoundBegun* before = journal.newest();
      before != nullptr && before->round == round.number)
    for (const auto& change : changes_since(*before, round))
      std::printf("the campaign was changed: %s\n", change.c_str());
  const std::size_t missing = course.runs() - course.done();
  std::printf("round %u, order %s: %s of %s, %zu made before, %zu to make: about %s\n",
              round.number, std::string(word(round.order)).c_str(),
              plural(course.runs(), "run").c_str(), plural(round.cells.size(), "cell").c_str(),
              course.done(), missing, readable(course.time_left()).c_str());
  if (const std::string rules = rules_in_words(round.rules); !rules.empty())
    std::printf("%s\n", rules.c_str());
  return 0;
}

}  // namespace squall::coordinator
