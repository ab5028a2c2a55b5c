# How the GPU modules are compiled: functions squall_hip_module and squall_cuda_module, each a shared
# library of the given sources. The compilers are called by commands of our own: CMake's HIP language
# does not work with Debian's packages, and its CUDA language would want nvcc for whole projects.

# squall_gpu_objects(OBJECTS FOLDER … COMMAND … TARGETS … HOST_ONLY … SOURCES …): an object file for
# each source. TARGETS are the options that name devices; sources without kernels (not *.hip.cpp)
# have HOST_ONLY instead.
function(squall_gpu_objects result)
  cmake_parse_arguments(arg "" "FOLDER" "COMMAND;TARGETS;HOST_ONLY;SOURCES" ${ARGN})
  set(objects)
  file(MAKE_DIRECTORY ${arg_FOLDER})
  foreach(source ${arg_SOURCES})
    get_filename_component(name ${source} NAME)
    set(object ${arg_FOLDER}/${name}.o)
    set(kind ${arg_HOST_ONLY})
    if(name MATCHES "\\.hip\\.cpp$")
      set(kind ${arg_TARGETS})
    endif()
    add_custom_command(OUTPUT ${object} DEPENDS ${source} DEPFILE ${object}.d
      COMMAND ${arg_COMMAND} ${kind} -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
      COMMENT "Compiling ${name} for GPUs in ${arg_FOLDER}"
      VERBATIM COMMAND_EXPAND_LISTS)
    list(APPEND objects ${object})
  endforeach()
  set(${result} ${objects} PARENT_SCOPE)
endfunction()

function(squall_gpu_library name)
  cmake_parse_arguments(arg "" "" "OBJECTS;LINKS" ${ARGN})
  add_library(${name} MODULE ${arg_OBJECTS})
  set_target_properties(${name} PROPERTIES PREFIX "" LINKER_LANGUAGE CXX
                        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  target_link_options(${name} PRIVATE -Wl,--no-undefined)
  target_link_libraries(${name} PRIVATE ${arg_LINKS})
endfunction()

# Which of AMD's architectures a compiler knows.
function(squall_hip_architectures result compiler)
  execute_process(COMMAND ${compiler} -dumpversion OUTPUT_VARIABLE version
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(architectures gfx906 gfx90a gfx1030)
  if(version VERSION_LESS 17)
    list(APPEND architectures gfx940)
  else()
    list(APPEND architectures gfx942 gfx1100)
  endif()
  if(version VERSION_GREATER_EQUAL 19)
    list(APPEND architectures gfx1200 gfx1201)
  endif()
  set(${result} ${architectures} PARENT_SCOPE)
endfunction()

function(squall_hip_module name)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  find_program(SQUALL_HIP_COMPILER NAMES amdclang++ clang++-15
               HINTS /opt/rocm/bin /opt/rocm/llvm/bin /usr/lib/llvm-15/bin)
  find_library(SQUALL_HIP_LIBRARY amdhip64 HINTS /opt/rocm/lib)
  find_path(SQUALL_HIP_HEADERS hip/hip_runtime.h HINTS /opt/rocm/include)
  find_path(SQUALL_HIP_BITCODE ockl.bc
            HINTS /opt/rocm/amdgcn/bitcode /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/amdgcn/bitcode)
  foreach(needed SQUALL_HIP_COMPILER SQUALL_HIP_LIBRARY SQUALL_HIP_HEADERS SQUALL_HIP_BITCODE)
    if(NOT ${needed})
      message(FATAL_ERROR "SQUALL_HIP is on, but ${needed} was not found. Install ROCm, or on "
              "Debian 12 hipcc and libamdhip64-dev (./dev setup --hip), or turn SQUALL_HIP off.")
    endif()
  endforeach()
  squall_hip_architectures(known ${SQUALL_HIP_COMPILER})
  set(SQUALL_HIP_ARCHITECTURES "${known}" CACHE STRING "AMD architectures to build code for")
  list(JOIN SQUALL_HIP_ARCHITECTURES " " names)
  message(STATUS "GPU module for AMD: ${names}, by ${SQUALL_HIP_COMPILER}")
  list(TRANSFORM SQUALL_HIP_ARCHITECTURES PREPEND --offload-arch= OUTPUT_VARIABLE targets)
  get_filename_component(rocm ${SQUALL_HIP_HEADERS} DIRECTORY)
  squall_gpu_objects(objects FOLDER ${CMAKE_CURRENT_BINARY_DIR}/${name} SOURCES ${arg_SOURCES}
    TARGETS ${targets} HOST_ONLY --offload-arch=gfx906 --cuda-host-only
    COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${SQUALL_HIP_COMPILER} -x hip -std=c++20 -O3 -fPIC -fvisibility=hidden
            -Wall -Wextra -Wshadow -D__HIP_PLATFORM_AMD__ "-DSQUALL_GPU_ARCHITECTURES=\"${names}\""
            --rocm-path=${rocm} --rocm-device-lib-path=${SQUALL_HIP_BITCODE}
            -I${SQUALL_SOURCE_ROOT})
  squall_gpu_library(${name} OBJECTS ${objects} LINKS ${SQUALL_HIP_LIBRARY})
endfunction()

function(squall_cuda_module name)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  find_program(SQUALL_CUDA_COMPILER nvcc HINTS /usr/local/cuda/bin)
  if(NOT SQUALL_CUDA_COMPILER)
    message(FATAL_ERROR "SQUALL_CUDA is on, but nvcc was not found. Install NVIDIA's CUDA toolkit, "
            "or turn SQUALL_CUDA off.")
  endif()
  get_filename_component(toolkit ${SQUALL_CUDA_COMPILER} REALPATH)
  get_filename_component(toolkit ${toolkit} DIRECTORY)
  get_filename_component(toolkit ${toolkit} DIRECTORY)
  # The runtime goes into the module: only the driver has to be there when it is opened.
  find_library(SQUALL_CUDA_LIBRARY cudart_static REQUIRED
               HINTS ${toolkit}/lib64 ${toolkit}/targets/x86_64-linux/lib)
  set(SQUALL_CUDA_ARCHITECTURES 80 90 CACHE STRING
      "NVIDIA architectures to build code for, the newest last")
  list(JOIN SQUALL_CUDA_ARCHITECTURES " sm_" names)
  message(STATUS "GPU module for NVIDIA: sm_${names}, by ${SQUALL_CUDA_COMPILER}")
  set(targets)
  foreach(number ${SQUALL_CUDA_ARCHITECTURES})
    list(APPEND targets -gencode arch=compute_${number},code=sm_${number})
  endforeach()
  # For devices newer than the newest, code that the driver translates.
  list(GET SQUALL_CUDA_ARCHITECTURES -1 newest)
  list(APPEND targets -gencode arch=compute_${newest},code=compute_${newest})
  squall_gpu_objects(objects FOLDER ${CMAKE_CURRENT_BINARY_DIR}/${name} SOURCES ${arg_SOURCES}
    TARGETS ${targets} HOST_ONLY ${targets}
    COMMAND ${SQUALL_CUDA_COMPILER} -x cu -std=c++20 -O3 --expt-relaxed-constexpr
            -Xcompiler -fPIC,-fvisibility=hidden,-Wall
            "-DSQUALL_GPU_ARCHITECTURES=\"sm_${names}\"" -I${SQUALL_SOURCE_ROOT})
  squall_gpu_library(${name} OBJECTS ${objects}
                     LINKS ${SQUALL_CUDA_LIBRARY} ${CMAKE_DL_LIBS} rt Threads::Threads)
endfunction()
