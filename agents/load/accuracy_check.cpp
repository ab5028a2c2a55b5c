#include "agents/load/accuracy_check.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

std::uint64_t size_of(const scenarios::Prompt& prompt) {
  std::uint64_t bytes = sizeof prompt + prompt.parts.size() * sizeof(scenarios::PromptPart);
  for (const auto& part : prompt.parts)
    if (const auto* text = std::get_if<std::string>(&part.text)) bytes += text->size();
  return bytes;
}

/// Where two texts first differ, in characters of UTF-8, from 1.
std::size_t first_difference(const std::string& a, const std::string& b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  // The byte at the difference may be inside a character: that one counts, begun or not.
  const auto before = std::count_if(
      a.begin(), end, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
  const bool inside = end != a.end() && (static_cast<unsigned char>(*end) & 0xC0) == 0x80;
  return static_cast<std::size_t>(before) + (inside ? 0 : 1);
}

struct EndInWords {
  const char* why;
  const char* remedy;  // empty where none is in the scenario
};

EndInWords words_of(AccuracyCheck::End end) {
  switch (end) {
    case AccuracyCheck::End::time_over:
      return {"the time was over", "; raise accuracy.time_limit or lower accuracy.sample"};
    case AccuracyCheck::End::lease_over:
      return {"the coordinator fell silent", ""};
    case AccuracyCheck::End::broken_off:
      return {"the run was broken off", ""};
  }
  assert(false);
  return {};
}

}  // namespace

void AccuracyCheck::on_submit(const LoadRequest& request) {
  if (!request.plan.check_accuracy || request.phase != Phase::measure) return;
  const std::uint64_t bytes = size_of(request.prompt);
  if (open_.size() + answered_.size() >= limits_.requests || bytes_ + bytes > limits_.bytes) {
    ++no_room_;
    return;
  }
  bytes_ += bytes;
  open_.emplace(request.id, Sample{request, {}});
}

void AccuracyCheck::on_ended(const RequestTimeline& timeline) {
  auto sample = open_.extract(timeline.request);
  if (sample.empty()) return;
  const bool answered =
      std::holds_alternative<Completed>(timeline.outcome) && !timeline.answer.empty();
  const bool room = bytes_ + timeline.answer.size() <= limits_.bytes;
  if (answered && room) {
    bytes_ += timeline.answer.size();
    sample.mapped().answer = timeline.answer;
    answered_.push_back(std::move(sample.mapped()));
    return;
  }
  bytes_ -= size_of(sample.mapped().request.prompt);
  if (answered) ++no_room_;
}

std::optional<LoadRequest> AccuracyCheck::next(Instant now, Instant until) {
  if (asking_ || answered_.empty() || now >= until) return std::nullopt;
  asking_ = true;
  LoadRequest request = answered_.front().request;
  request.id = first_id + asked_++;
  request.scheduled = now;
  request.deadline = std::min(until, now + limits_.patience);
  cut_short_ = request.deadline == until;
  request.keep_answer = true;
  request.greedy = true;
  return request;
}

std::optional<bool> AccuracyCheck::on_answer(const RequestTimeline& timeline) {
  assert(asking_ && asks(timeline.request));
  asking_ = false;
  const std::string before = std::move(answered_.front().answer);
  answered_.pop_front();
  if (!std::holds_alternative<Completed>(timeline.outcome)) {
    const bool out_of_time = (cut_short_ && std::holds_alternative<TimedOut>(timeline.outcome)) ||
                             std::holds_alternative<Cancelled>(timeline.outcome);
    ++(out_of_time ? out_of_time_ : unanswered_);
    return std::nullopt;
  }
  ++compared_;
  if (timeline.answer == before) return true;
  if (first_difference_.empty())
    first_difference_ = "an answer given under load differs at rest from character " +
                        std::to_string(first_difference(before, timeline.answer)) + " on (of " +
                        std::to_string(before.size()) + " bytes)";
  return false;
}

std::vector<std::string> AccuracyCheck::findings(End end) const {
  std::vector<std::string> findings;
  if (!first_difference_.empty()) findings.push_back("accuracy: " + first_difference_);
  const auto counted = [](std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " sampled answer" : " sampled answers");
  };
  if (const std::uint64_t left = answered_.size() + out_of_time_; left > 0)
    findings.push_back("accuracy: " + std::string(words_of(end).why) + " before " + counted(left) +
                       " could be asked for again (" + std::to_string(compared_) + " were)" +
                       words_of(end).remedy);
  if (unanswered_ > 0)
    findings.push_back("accuracy: " + counted(unanswered_) + " could not be had again at rest");
  if (no_room_ > 0)
    findings.push_back("accuracy: there was no room to keep " + counted(no_room_) +
                       "; lower accuracy.sample");
  return findings;
}

}  // namespace squall::agents
