#pragma once
// Where this program looks for GPU modules, and what it takes for a GPU.

#include <filesystem>

#include "kernels/gpu_module.hpp"

namespace squall::agents {

/// The program's folder, or its neighbour lib if that has a module and the folder has none.
std::filesystem::path gpu_module_folder(const std::filesystem::path& program);

/// find_gpus() for the running program.
kernels::GpuSearch find_gpus_beside_program();

/// Whether the processors play that GPU: its times say nothing about GPUs.
bool is_emulated(const kernels::FoundGpu& gpu);

}  // namespace squall::agents
