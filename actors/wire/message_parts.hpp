#pragma once
// The parts of messages that journals keep too <-> protobuf, with all checks; metrics_codec has the
// rest of them.

#include <optional>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "actors/wire/limits.hpp"

namespace squall::proto {
class Hello;
class Ready;
class Share;
class Started;
class TakeOver;
}  // namespace squall::proto

namespace squall::actors {

/// What is too long arrives cut rather than never.
std::string cut(const std::string& text, std::size_t limit = text_limit);

template <class... Text>
bool short_enough(const Text&... texts) {
  return ((texts.size() <= text_limit) && ...);
}

/// A few short texts; empty when they are many or long.
template <class Texts>
std::optional<std::vector<std::string>> take_labels(const Texts& in) {
  if (static_cast<std::size_t>(in.size()) > label_limit) return std::nullopt;
  for (const std::string& label : in)
    if (label.size() > text_of_label) return std::nullopt;
  return std::vector<std::string>(in.begin(), in.end());
}

void write(const scenarios::AgentShare& share, proto::Share& out);
void write(const Hello& m, proto::Hello& hello);
void write(const Ready& m, proto::Ready& ready);
void write(const Started& m, proto::Started& out);
void write(const TakeOver& m, proto::TakeOver& order);

/// Empty when they break a limit.
std::optional<scenarios::AgentShare> read(const proto::Share& in);
std::optional<Hello> read(const proto::Hello& in);
std::optional<Ready> read(const proto::Ready& in);
std::optional<Started> read(const proto::Started& in);
std::optional<TakeOver> read(const proto::TakeOver& in);

}  // namespace squall::actors
