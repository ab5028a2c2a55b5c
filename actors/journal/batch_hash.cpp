#include "actors/journal/batch_hash.hpp"

#include "actors/wire/message_codec.hpp"

namespace squall::actors {

void BatchHash::add(const MetricsBatch& batch) {
  const Bytes made = batch.encoded.empty() ? encode_alone(batch) : Bytes{};
  for (const std::byte byte : batch.encoded.empty() ? made : batch.encoded)
    value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211ULL;
}

}  // namespace squall::actors
