#include "coordinator/campaign/course/campaign_course.hpp"

#include <algorithm>
#include <cassert>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

/// Starting agents and draining, until runs have shown what they take.
constexpr auto usual_beyond = std::chrono::seconds(3);

}  // namespace

std::size_t CampaignCourse::index_of(const PlannedRun& run) const {
  const auto found = std::find(plan_.begin(), plan_.end(), run);
  assert(found != plan_.end());
  return static_cast<std::size_t>(found - plan_.begin());
}

void CampaignCourse::learn(std::size_t cell, const RunEnded& ended) {
  if (ended.complete()) beyond_.push_back(std::max(nanoseconds(0), ended.length - lengths_[cell]));
}

void CampaignCourse::already(const PlannedRun& run, const RunEnded& ended) {
  done_[index_of(run)] = true;
  learn(run.cell, ended);
}

std::optional<PlannedRun> CampaignCourse::next(nanoseconds elapsed) {
  why_stopped_.clear();
  std::size_t index = 0;
  while (index < plan_.size() && (done_[index] || tried_[index])) ++index;
  if (index == plan_.size()) return std::nullopt;
  if (rules_.stop.failures > 0 && failures_ >= rules_.stop.failures)
    why_stopped_ = plural(failures_, "run") + " failed, and [stop] allows no more";
  else if (rules_.stop.regression && worse_)
    why_stopped_ = "a cell got worse, and [stop] has regression = true";
  else if (rules_.budget.count() > 0 && elapsed + expected(plan_[index].cell) > rules_.budget)
    why_stopped_ = "the next run would end after the budget of " + readable(rules_.budget);
  if (!why_stopped_.empty()) return std::nullopt;
  return plan_[index];
}

void CampaignCourse::ended(const PlannedRun& run, const RunEnded& ended) {
  const std::size_t index = index_of(run);
  tried_[index] = true;
  done_[index] = ended.complete();
  if (ended.failed()) ++failures_;
  learn(run.cell, ended);
}

void CampaignCourse::judged_worse(std::size_t cell) { worse_ = cell; }

bool CampaignCourse::whole(std::size_t cell) const {
  for (std::size_t i = 0; i < plan_.size(); ++i)
    if (plan_[i].cell == cell && !done_[i]) return false;
  return true;
}

std::size_t CampaignCourse::done() const {
  return static_cast<std::size_t>(std::count(done_.begin(), done_.end(), true));
}

std::size_t CampaignCourse::number() const {
  std::size_t before = 0;
  for (std::size_t i = 0; i < plan_.size(); ++i)
    if (done_[i] || tried_[i]) ++before;
  return std::min(before + 1, plan_.size());
}

nanoseconds CampaignCourse::expected(std::size_t cell) const {
  nanoseconds beyond = usual_beyond;
  if (!beyond_.empty()) {
    auto sorted = beyond_;
    std::sort(sorted.begin(), sorted.end());
    beyond = sorted[sorted.size() / 2];
  }
  return lengths_[cell] + beyond;
}

nanoseconds CampaignCourse::time_left() const {
  nanoseconds left{0};
  std::size_t runs = 0;
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    if (done_[i] || tried_[i]) continue;
    left += expected(plan_[i].cell);
    ++runs;
  }
  if (runs > 1) left += static_cast<int>(runs - 1) * rules_.cool_down;
  return left;
}

}  // namespace squall::coordinator
