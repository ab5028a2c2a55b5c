#include "kernels/hip/backend/hip_backend.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace squall::kernels::hip {
namespace {

// A pass of a hundred layers has some thousand commands.
constexpr std::size_t most_commands = 16384;
constexpr std::size_t values_block_bytes = std::size_t{1} << 20;

class HipMemory final : public BackendMemory {
 public:
  HipMemory(DeviceBlock block, std::function<void()> before_release)
      : block_(std::move(block)), before_release_(std::move(before_release)) {}
  ~HipMemory() override { before_release_(); }
  std::byte* data() const override { return block_.data(); }

 private:
  DeviceBlock block_;
  std::function<void()> before_release_;
};

const DeviceMatrix& matrix_of(const WeightMatrix& weights) {
  return static_cast<const HipWeights&>(weights).matrix();
}

std::size_t rounded_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// Launches are cut to it: seldom another one, so that steps stay the same, and at most a quarter
/// too many.
std::size_t rounded_positions(std::size_t positions) {
  std::size_t unit = 256;
  while (8 * unit <= positions) unit *= 2;
  return rounded_up(positions, unit);
}

void put_matrix(CommandList& list, const DeviceMatrix& matrix) {
  list.put(matrix.format);
  list.put(matrix.rows);
  list.put(matrix.columns);
  list.put(matrix.scale);
  list.put(matrix.data);
}

DeviceMatrix get_matrix(const CommandList::Word*& at) {
  DeviceMatrix matrix;
  matrix.format = CommandList::get<Format>(*at++);
  matrix.rows = CommandList::get<std::size_t>(*at++);
  matrix.columns = CommandList::get<std::size_t>(*at++);
  matrix.scale = CommandList::get<float>(*at++);
  matrix.data = CommandList::get<const std::byte*>(*at++);
  return matrix;
}

const CommandList::Word* run_embed(const Queue& queue, const CommandList::Word* at) {
  const DeviceMatrix table = get_matrix(at);
  embed(queue, table, CommandList::get<const std::int32_t*>(at[0]),
        CommandList::get<std::size_t>(at[1]), CommandList::get<float*>(at[2]));
  return at + 3;
}

const CommandList::Word* run_multiply(const Queue& queue, const CommandList::Word* at) {
  const auto count = CommandList::get<std::size_t>(*at++);
  const auto* const input = CommandList::get<const float*>(*at++);
  const auto batch = CommandList::get<std::size_t>(*at++);
  auto* const scratch = CommandList::get<std::byte*>(*at++);
  std::vector<DeviceProduct> products(count);
  for (DeviceProduct& product : products) {
    product.weights = get_matrix(at);
    product.output = CommandList::get<float*>(*at++);
  }
  multiply(queue, products, input, batch, scratch);
  return at;
}

void run_rope(const Queue& queue, float* values, const std::int32_t* positions, std::size_t count,
              std::size_t heads, std::size_t head_dimension, std::size_t rotated_dimensions,
              float base, float scale, RopePairs pairs, const float* frequency_divisors) {
  rope(queue, values, positions, count,
       {.heads = heads,
        .head_dimension = head_dimension,
        .rotated_dimensions = rotated_dimensions,
        .base = base,
        .scale = scale,
        .pairs = pairs,
        .frequency_divisors = frequency_divisors});
}

void run_store(const Queue& queue, KvFormat format, std::size_t kv_heads,
               std::size_t head_dimension, const DeviceSlot* slots, std::size_t count,
               const float* keys, const float* values, std::size_t page_offset) {
  store_keys_and_values(queue,
                        {.format = format, .kv_heads = kv_heads, .head_dimension = head_dimension},
                        slots, count, keys, values, page_offset);
}

void run_attention(const Queue& queue, const DevicePart* parts, std::size_t count,
                   std::size_t queries, std::size_t positions, std::size_t heads, KvFormat format,
                   std::size_t kv_heads, std::size_t head_dimension, std::size_t page_offset,
                   std::byte* scratch) {
  attention(queue, parts, {.parts = count, .queries = queries, .positions = positions},
            {.heads = heads,
             .shape = {.format = format, .kv_heads = kv_heads, .head_dimension = head_dimension},
             .page_offset = page_offset},
            scratch);
}

template <typename T>
const T* put(StagedTable& table, const std::vector<T>& values) {
  return reinterpret_cast<const T*>(table.put(std::as_bytes(std::span(values))));
}

}  // namespace

HipBackend::HipBackend(const GpuBackendOptions& options)
    : device_(options),
      name_("gpu " + device_.name() + " (" + std::string(runtime_name()) + ")"),
      graphs_(device_),
      upload_(device_),
      tables_(device_) {}

HipBackend::~HipBackend() { settle(); }

template <typename Work>
void HipBackend::on_device(Work work) {
  try {
    device_.use();
    work();
  } catch (const DeviceError& error) {
    forget();
    throw DeviceError(name_ + ": " + error.what());
  } catch (...) {
    forget();
    throw;
  }
}

void HipBackend::for_each_table(void (*work)(StagedTable&)) {
  for (StagedTable* const table : {&tables_.tokens, &tables_.positions, &tables_.slots,
                                   &tables_.parts, &tables_.pages, &tables_.rows}) {
    work(*table);
  }
}

void HipBackend::forget() noexcept {
  list_.clear();
  for_each_table([](StagedTable& table) { table.clear(); });
}

void HipBackend::flush() {
  if (list_.empty()) return;
  on_device([&] {
    for_each_table([](StagedTable& table) { table.upload(); });
    graphs_.run(list_);
    list_.clear();
  });
}

void HipBackend::finish() {
  flush();
  on_device([&] {
    device_.wait();
    for_each_table([](StagedTable& table) { table.clear(); });
  });
}

void HipBackend::settle() noexcept {
  try {
    finish();
  } catch (...) {
    // The device is lost: what it was to do is forgotten, and the next call will say so.
    forget();
  }
}

std::function<void()> HipBackend::settling() {
  return [this] { settle(); };
}

void HipBackend::make_room(StagedTable& table, std::size_t bytes) {
  if (table.has_room_for(bytes)) return;
  finish();
  // Each layer asks again for room for what the first has put there. A table that is empty, as now,
  // and has no room for it twice would make every layer wait.
  const std::size_t twice = 2 * rounded_up(bytes, 256);
  if (!table.has_room_for(twice)) on_device([&] { table.make_room_for(twice); });
}

void HipBackend::make_scratch(std::size_t bytes) {
  if (bytes <= scratch_.bytes()) return;
  finish();
  scratch_.release();
  on_device([&] { scratch_ = DeviceBlock(device_, bytes + bytes / 4); });
}

void HipBackend::keep_list_short() {
  if (list_.commands() >= most_commands) finish();
}

std::unique_ptr<BackendMemory> HipBackend::allocate(std::size_t bytes) {
  DeviceBlock block;
  on_device([&] {
    block = DeviceBlock(device_, bytes);
    check(hipMemsetAsync(block.data(), 0, bytes, device_.stream()), "clearing device memory");
  });
  return std::make_unique<HipMemory>(std::move(block), settling());
}

const float* HipBackend::load_values(std::span<const float> values) {
  if (values.empty()) return nullptr;
  const auto bytes = std::as_bytes(values);
  const std::size_t room = rounded_up(bytes.size(), 256);
  on_device([&] {
    if (values_.empty() || values_.back().bytes() - values_used_ < room) {
      values_.push_back(DeviceBlock(device_, std::max(room, values_block_bytes)));
      values_used_ = 0;
    }
    upload_.copy(bytes, values_.back().data() + values_used_);
  });
  auto* const loaded = reinterpret_cast<const float*>(values_.back().data() + values_used_);
  values_used_ += room;
  return loaded;
}

void HipBackend::write(std::span<const float> from, float* to) {
  flush();
  on_device([&] { upload_.copy(std::as_bytes(from), reinterpret_cast<std::byte*>(to)); });
}

std::byte* HipBackend::fetch(const void* from, std::size_t bytes) {
  flush();
  on_device([&] {
    if (fetched_.bytes() < bytes) fetched_ = PinnedBlock(bytes);
    check(hipMemcpyAsync(fetched_.data(), from, bytes, hipMemcpyDeviceToHost, device_.stream()),
          "copying from the device");
  });
  finish();
  return fetched_.data();
}

std::span<const float> HipBackend::read(const float* values, std::size_t count) {
  if (count == 0) return {};
  return {reinterpret_cast<const float*>(fetch(values, count * sizeof(float))), count};
}

std::unique_ptr<WeightMatrix> HipBackend::load(const TensorView& weights) {
  DeviceBlock block;
  on_device([&] { block = upload_.packed(weights); });
  const DeviceMatrix matrix{.format = weights.format,
                            .rows = weights.rows,
                            .columns = weights.columns,
                            .scale = weights.scale,
                            .data = block.data()};
  return std::make_unique<HipWeights>(std::move(block), matrix, settling());
}

std::unique_ptr<WeightMatrix> HipBackend::load_table(const TensorView& weights) {
  const std::size_t bytes = weights.rows * bytes_per_row(weights.format, weights.columns);
  DeviceBlock block;
  on_device([&] { block = upload_.plain({weights.data, bytes}); });
  const DeviceMatrix matrix{.format = weights.format,
                            .rows = weights.rows,
                            .columns = weights.columns,
                            .scale = weights.scale,
                            .data = block.data()};
  return std::make_unique<HipWeights>(std::move(block), matrix, settling());
}

void HipBackend::embed(const WeightMatrix& table, std::span<const std::int32_t> tokens,
                       float* output) {
  // A pass begins. Of one that nobody read, a part of a prompt, the device can see to the work now.
  flush();
  make_room(tables_.tokens, tokens.size_bytes());
  list_.begin(run_embed);
  put_matrix(list_, matrix_of(table));
  list_.put(tables_.tokens.put(std::as_bytes(tokens)));
  list_.put(tokens.size());
  list_.put(output);
}

void HipBackend::multiply(const WeightMatrix& weights, const float* input, float* output,
                          std::size_t batch) {
  const Product product{&weights, output};
  multiply({&product, 1}, input, batch);
}

void HipBackend::multiply(std::span<const Product> products, const float* input,
                          std::size_t batch) {
  if (products.empty() || batch == 0) return;
  make_scratch(prepared_bytes(batch, products.front().weights->columns()));
  list_.begin(run_multiply);
  list_.put(products.size());
  list_.put(input);
  list_.put(batch);
  list_.put(scratch_.data());
  for (const Product& product : products) {
    put_matrix(list_, matrix_of(*product.weights));
    list_.put(product.output);
  }
  keep_list_short();
}

void HipBackend::rms_norm(const float* input, const float* weight, float* output, std::size_t batch,
                          std::size_t dimension, float epsilon) {
  list_.add(hip::rms_norm, input, weight, output, batch, dimension, epsilon);
  keep_list_short();
}

void HipBackend::rope(float* values, std::span<const std::int32_t> positions,
                      const RopeOptions& options) {
  make_room(tables_.positions, positions.size_bytes());
  const std::byte* const table = tables_.positions.put(std::as_bytes(positions));
  list_.add(run_rope, values, reinterpret_cast<const std::int32_t*>(table), positions.size(),
            options.heads, options.head_dimension, options.rotated_dimensions, options.base,
            options.scale, options.pairs, options.frequency_divisors);
  keep_list_short();
}

std::size_t HipBackend::kv_page_bytes(const KvShape& shape) const {
  // Whoever builds an engine asks this first, so that no kernel ever meets such a model.
  if (shape.head_dimension > most_head_dimensions) {
    throw DeviceError(name_ + ": heads of " + std::to_string(shape.head_dimension) +
                      " values; at most " + std::to_string(most_head_dimensions) +
                      " are supported");
  }
  return hip::kv_page_bytes(shape);
}

void HipBackend::store_keys_and_values(const KvShape& shape, std::span<const KvSlot> slots,
                                       const float* keys, const float* values,
                                       std::size_t page_offset) {
  slots_.clear();
  for (const KvSlot& slot : slots) {
    slots_.push_back({slot.page, static_cast<std::uint32_t>(slot.position), 0});
  }
  make_room(tables_.slots, slots_.size() * sizeof(DeviceSlot));
  list_.add(run_store, shape.format, shape.kv_heads, shape.head_dimension,
            put(tables_.slots, slots_), slots_.size(), keys, values, page_offset);
  keep_list_short();
}

void HipBackend::attention(std::span<const AttentionPart> parts, const PagedAttention& options) {
  AttentionExtent extent{.parts = parts.size()};
  pages_.clear();
  for (const AttentionPart& part : parts) {
    const std::size_t positions = part.first_position + part.count;
    extent.queries = std::max(extent.queries, part.count);
    extent.positions = std::max(extent.positions, positions);
    const std::size_t pages = rounded_up(positions, positions_per_page) / positions_per_page;
    pages_.insert(pages_.end(), part.pages, part.pages + pages);
  }
  if (extent.queries == 0) return;
  extent.positions = rounded_positions(extent.positions);
  make_scratch(attention_scratch_bytes(device_.queue(), options, extent));
  make_room(tables_.pages, pages_.size() * sizeof(pages_[0]));
  make_room(tables_.parts, parts.size() * sizeof(DevicePart));
  const std::byte* const* pages = put(tables_.pages, pages_);
  parts_.clear();
  for (const AttentionPart& part : parts) {
    parts_.push_back({.queries = part.queries,
                      .output = part.output,
                      .pages = pages,
                      .count = static_cast<std::uint32_t>(part.count),
                      .first_position = static_cast<std::uint32_t>(part.first_position)});
    const std::size_t positions = part.first_position + part.count;
    pages += rounded_up(positions, positions_per_page) / positions_per_page;
  }
  list_.add(run_attention, put(tables_.parts, parts_), extent.parts, extent.queries,
            extent.positions, options.heads, options.shape.format, options.shape.kv_heads,
            options.shape.head_dimension, options.page_offset, scratch_.data());
  keep_list_short();
}

void HipBackend::add_bias(float* values, const float* bias, std::size_t batch,
                          std::size_t dimension) {
  list_.add(hip::add_bias, values, bias, batch, dimension);
  keep_list_short();
}

void HipBackend::swiglu(float* gate, const float* up, std::size_t count) {
  list_.add(hip::swiglu, gate, up, count);
  keep_list_short();
}

void HipBackend::add(float* sum, const float* addend, std::size_t count) {
  list_.add(hip::add, sum, addend, count);
  keep_list_short();
}

void HipBackend::gather_rows(const float* values, std::span<const std::size_t> rows,
                             std::size_t dimension, float* output) {
  if (rows.empty()) return;
  rows_.clear();
  for (const std::size_t row : rows) rows_.push_back(static_cast<std::uint32_t>(row));
  make_room(tables_.rows, rows_.size() * sizeof(rows_[0]));
  list_.add(hip::gather_rows, values, put(tables_.rows, rows_), rows_.size(), dimension, output);
  keep_list_short();
}

std::span<const Candidate> HipBackend::greatest(const float* values, std::size_t rows,
                                                std::size_t columns, std::size_t count) {
  assert(count >= 1 && count <= most_candidates && count <= columns);
  if (rows == 0) return {};
  make_scratch(greatest_scratch_bytes(rows, columns, count));
  const std::size_t bytes = rows * count * sizeof(Candidate);
  if (candidates_.bytes() < bytes) {
    finish();
    candidates_.release();
    on_device([&] { candidates_ = DeviceBlock(device_, bytes); });
  }
  auto* const result = reinterpret_cast<Candidate*>(candidates_.data());
  list_.add(hip::greatest, values, rows, columns, count, result, scratch_.data());
  const std::byte* const fetched = fetch(result, bytes);
  return {reinterpret_cast<const Candidate*>(fetched), rows * count};
}

}  // namespace squall::kernels::hip
