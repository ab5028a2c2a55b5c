#pragma once
// Answers by what was asked, for as long as they may be given again; the least recently used go
// when there is no room.
//
// Plain: no clock, no thread. Two requests are equal when everything that decides the answer is:
// the prompt, the length of the answer, and whether it is sampled. The seed of the sampling is left
// out: with it no two requests were ever equal. So where the temperature is above zero a hit gives
// an answer that was drawn for an earlier request; who asks for a cache asks for that.

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "actors/load_request.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

struct CachedAnswer {
  std::string text;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t output_tokens = 0;
};

class ResponseCache {
 public:
  explicit ResponseCache(const scenarios::ResponseCache& settings) : settings_(settings) {}

  /// Null when there is none, or it is too old. Valid until the next call.
  const CachedAnswer* find(const std::string& key, actors::Instant now);
  /// Takes the place of an older answer; one too large for the whole cache is not kept.
  void store(std::string key, CachedAnswer answer, actors::Instant now);

  std::size_t size() const { return places_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;
    CachedAnswer answer;
    actors::Instant expires;
  };
  using Entries = std::list<Entry>;

  void forget(Entries::iterator entry);

  scenarios::ResponseCache settings_;
  Entries entries_;                                                 // most recently used first
  std::unordered_map<std::string_view, Entries::iterator> places_;  // keys live in the entries
  std::uint64_t bytes_ = 0;
};

/// `temperature`: of the scenario; a greedy request ignores it.
std::string cache_key(const actors::LoadRequest& request, double temperature);

}  // namespace squall::agents
