#pragma once
// Messages <-> bytes; format: actors/messages.proto. This folder and the journals know protobuf.
//
// Nothing that arrives is believed before it was checked: size, version, direction, lengths, ranges
// (limits.hpp), indices and totals. decode() never throws.

#include <cstddef>
#include <span>
#include <string>
#include <variant>

#include "actors/messages.hpp"
#include "actors/wire/frame.hpp"

namespace squall::actors {

struct DecodeError {
  enum class Kind { too_large, malformed, wrong_version, nonsense };
  Kind kind = Kind::malformed;
  std::string text;  // in words, without the offending bytes
};

/// Texts longer than text_limit arrive cut. The frame may exceed frame_limit only by a scenario's
/// text.
Bytes encode(const Envelope& envelope);
std::variant<Envelope, DecodeError> decode(std::span<const std::byte> frame);

/// The batch by itself, as it is inside an envelope: what is hashed and kept.
Bytes encode_alone(const MetricsBatch& batch);

/// The same at one end of a connection, where a message in the wrong direction is an error too.
enum class Sender { agent, coordinator };
std::variant<Envelope, DecodeError> decode(std::span<const std::byte> frame, Sender sender);

}  // namespace squall::actors
