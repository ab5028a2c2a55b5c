#include "actors/journal/batch_hash.hpp"

#include "actors/wire/message_codec.hpp"

namespace squall::actors {

void BatchHash::add(const MetricsBatch& batch) {
  for (const std::byte byte : encode_alone(batch))
    value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211ULL;
}

}  // namespace squall::actors
