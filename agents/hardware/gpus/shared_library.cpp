#include "agents/hardware/gpus/shared_library.hpp"

#include <dlfcn.h>

namespace squall::agents {

SharedLibrary::SharedLibrary(const std::string& name)
    : handle_(name.empty() ? nullptr : dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {}

SharedLibrary::~SharedLibrary() {
  if (handle_ != nullptr) dlclose(handle_);
}

void* SharedLibrary::address_of(const char* name) const {
  return handle_ == nullptr ? nullptr : dlsym(handle_, name);
}

}  // namespace squall::agents
