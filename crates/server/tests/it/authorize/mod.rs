mod attacks;
mod consent;
mod get;
mod languages;
mod post;
mod sessions;
