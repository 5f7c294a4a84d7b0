mod descriptor;
mod frames;
mod properties;
