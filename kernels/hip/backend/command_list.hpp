#pragma once
// Launches put off: functions with their arguments as words, so that a whole step's list can be
// compared with those that came before, and run.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/hip/kernel_launches.hpp"

namespace squall::kernels::hip {

class CommandList {
 public:
  using Word = std::uint64_t;

  /// Runs a command; `arguments` is its first argument. Returns what follows its last.
  using Run = const Word* (*)(const Queue& queue, const Word* arguments);

  /// A call of `launch` with these arguments: numbers and pointers only, since their bytes are
  /// compared.
  template <typename... Values>
  void add(void (*launch)(const Queue&, Values...), std::type_identity_t<Values>... values) {
    begin(run_launch<Values...>);
    put(launch);
    (put(values), ...);
  }

  /// A command that reads its words itself: begin() and put() as many as it takes.
  void begin(Run command) {
    ++commands_;
    put(command);
  }
  template <typename Value>
  void put(Value value) {
    static_assert(std::is_scalar_v<Value> && sizeof(Value) <= sizeof(Word));
    Word word = 0;
    std::memcpy(&word, &value, sizeof value);
    words_.push_back(word);
  }
  template <typename Value>
  static Value get(Word word) {
    Value value;
    std::memcpy(&value, &word, sizeof value);
    return value;
  }

  std::span<const Word> words() const { return words_; }
  std::size_t commands() const { return commands_; }
  bool empty() const { return commands_ == 0; }
  void clear() {
    words_.clear();
    commands_ = 0;
  }
  void run(const Queue& queue) const {
    const Word* at = words_.data();
    while (at != words_.data() + words_.size()) at = get<Run>(*at)(queue, at + 1);
  }

 private:
  template <typename... Values>
  static const Word* run_launch(const Queue& queue, const Word* words) {
    return run_with<Values...>(queue, words, std::index_sequence_for<Values...>());
  }
  template <typename... Values, std::size_t... Indices>
  static const Word* run_with(const Queue& queue, const Word* words,
                              std::index_sequence<Indices...>) {
    get<void (*)(const Queue&, Values...)> (*words)(queue, get<Values>(words[1 + Indices])...);
    return words + 1 + sizeof...(Values);
  }

  std::vector<Word> words_;
  std::size_t commands_ = 0;
};

}  // namespace squall::kernels::hip
