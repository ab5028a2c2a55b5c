#include "agents/targets/resilience/response_cache.hpp"

#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

/// What the list, the map and the allocator take beside the texts, about.
constexpr std::uint64_t bytes_beside_texts = 256;

template <class Number>
void append(std::string& key, Number value) {
  for (std::size_t byte = 0; byte < sizeof value; ++byte)
    key.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * byte)));
}

}  // namespace

const CachedAnswer* ResponseCache::find(const std::string& key, Instant now) {
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  if (now >= place->second->expires) {
    forget(place->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, place->second);
  return &place->second->answer;
}

void ResponseCache::store(std::string key, CachedAnswer answer, Instant now) {
  if (const auto place = places_.find(key); place != places_.end()) forget(place->second);
  const auto size_of = [](const Entry& entry) {
    return entry.key.size() + entry.answer.text.size() + bytes_beside_texts;
  };
  Entry entry{std::move(key), std::move(answer), now + settings_.time_to_live};
  const std::uint64_t size = size_of(entry);
  if (size > settings_.bytes) return;
  while (bytes_ + size > settings_.bytes) forget(std::prev(entries_.end()));
  entries_.push_front(std::move(entry));
  places_.emplace(entries_.front().key, entries_.begin());
  bytes_ += size;
}

void ResponseCache::forget(Entries::iterator entry) {
  bytes_ -= entry->key.size() + entry->answer.text.size() + bytes_beside_texts;
  places_.erase(entry->key);
  entries_.erase(entry);
}

std::string cache_key(const LoadRequest& request, double temperature) {
  std::string key;
  append(key, request.plan.answer_tokens);
  key.push_back(request.greedy || temperature <= 0 ? 'g' : 's');
  key.push_back(request.prompt.conversation ? 'c' : 'j');
  for (const auto& part : request.prompt.parts) {
    key.push_back(static_cast<char>(part.speaker));
    if (const auto* text = std::get_if<std::string>(&part.text)) {
      key.push_back('t');
      append(key, text->size());  // or two parts would equal one that holds both
      key += *text;
    } else {
      const auto& synthetic = std::get<scenarios::SyntheticText>(part.text);
      key.push_back('y');
      append(key, synthetic.seed);
      append(key, synthetic.tokens);
    }
  }
  return key;
}

}  // namespace squall::agents
